/**
 * Calls between threads over a MessagePort: whole batches travel, by transfer, never single events.
 * `serveCalls` takes every call that waits and hands them over together, so that one commit can serve many.
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';

export interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly answer: (result: unknown, transfer?: readonly Transferable[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A far end: calls resolve in any order. After close() and after the port closed, calls are refused. */
export interface Caller {
  call(method: string, args: readonly unknown[], transfer?: readonly Transferable[]): Promise<unknown>;
  close(): void;
}

interface FlatError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** `revive` turns the named errors of the far side back into their classes. */
export function createCaller(port: MessagePort, revive?: (error: FlatError) => Error | undefined): Caller {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 0;
  let closed = false;
  port.on('message', (message: { id: number; result?: unknown; error?: FlatError }) => {
    const call = waiting.get(message.id);
    if (call === undefined) return;
    waiting.delete(message.id);
    if (waiting.size === 0) port.unref();
    if (message.error === undefined) return call.resolve(message.result);
    const known = revive?.(message.error);
    if (known !== undefined) return call.reject(known);
    const error = new Error(message.error.message);
    error.name = message.error.name;
    if (message.error.stack !== undefined) error.stack = message.error.stack;
    call.reject(error);
  });
  port.on('close', () => {
    closed = true;
    for (const call of waiting.values()) call.reject(new Error('the thread that was to answer has ended'));
    waiting.clear();
  });
  port.unref();
  return {
    call(method, args, transfer = []) {
      if (closed) return Promise.reject(new Error(`${method}: the thread that was to answer has ended`));
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        port.ref();
        port.postMessage({ id, method, args }, transfer as Transferable[]);
      });
    },
    close() {
      closed = true;
      port.close();
    },
  };
}

/**
 * Answers the calls of any number of ports. `handle` gets all calls that wait at that moment, in the order of each port.
 * It must answer or fail each of them, now or later.
 */
export function serveCalls(handle: (calls: readonly Call[]) => void): { add(port: MessagePort): void } {
  interface Incoming {
    id: number;
    method: string;
    args: readonly unknown[];
  }
  const ports = new Set<MessagePort>();
  const toCall = (port: MessagePort, message: Incoming): Call => ({
    method: message.method,
    args: message.args,
    answer: (result, transfer = []) => port.postMessage({ id: message.id, result }, transfer as Transferable[]),
    fail: (error) => {
      const { name, message: text, stack, ...data } = error as Error & Record<string, unknown>;
      port.postMessage({
        id: message.id,
        error: {
          name: name ?? 'Error',
          message: text ?? (error as Error)?.message ?? String(error),
          stack,
          data,
        } satisfies FlatError,
      });
    },
  });
  return {
    add(port) {
      ports.add(port);
      port.on('close', () => ports.delete(port));
      port.on('message', (message: Incoming) => {
        const calls = [toCall(port, message)];
        for (const other of ports) {
          for (let more = receiveMessageOnPort(other); more !== undefined; more = receiveMessageOnPort(other)) {
            calls.push(toCall(other, more.message as Incoming));
          }
        }
        handle(calls);
      });
    },
  };
}
