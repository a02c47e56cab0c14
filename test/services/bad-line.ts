/** A way to a server that can be made bad: answers late, or nothing at all with the connection open, as a cut network does. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface BadLine {
  readonly port: number;
  /** From now on what the server answers arrives so much later; 0: at once. */
  delay(ms: number): void;
  /** From now on nothing passes in either direction, and nothing is closed: packets are dropped. */
  cut(): void;
  /** All passes again. Connections of the cut are dead, as their ends will find out. */
  mend(): void;
  close(): Promise<void>;
}

export async function openBadLine(to: { host: string; port: number }): Promise<BadLine> {
  const open = new Set<Socket>();
  let delayMs = 0;
  let dropping = false;
  const server = createServer((near) => {
    const far = connect(to);
    // What was dropped once never arrives: a connection that lost bytes is dead for good.
    let dead = false;
    const pass = (from: Socket, into: Socket, later: () => number): void => {
      from.on('data', (bytes: Buffer) => {
        if (dropping) dead = true;
        if (dead) return;
        const send = (): void => {
          if (!dead && into.writable) into.write(bytes);
        };
        if (later() > 0) setTimeout(send, later());
        else send();
      });
      from.on('close', () => {
        open.delete(from);
        if (!dead && !dropping) into.end();
      });
      from.on('error', () => {
        if (!dropping) into.destroy();
      });
      open.add(from);
    };
    pass(near, far, () => 0);
    pass(far, near, () => delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    delay(ms) {
      delayMs = ms;
    },
    cut() {
      dropping = true;
    },
    mend() {
      dropping = false;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
