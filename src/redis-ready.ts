/**
 * Waiting for a connection to Redis to be ready. Not by the client's own `connect`: that gives up with the first attempt, though the
 * next ones are on their way.
 */
import type { Cluster, Redis } from 'ioredis';

/** Throws when it is not ready within `ms`, or has been ended. */
export async function untilReady(client: Redis | Cluster, ms: number): Promise<void> {
  if (client.status === 'ready') return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = (): void => reject(new Error('the connection is closed'));
  if (client.status === 'end') ended();
  const timer = setTimeout(() => reject(new Error(`no connection for ${ms / 1000} s`)), ms);
  client.once('ready', resolve);
  client.once('end', ended);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    client.off('ready', resolve);
    client.off('end', ended);
  }
}
