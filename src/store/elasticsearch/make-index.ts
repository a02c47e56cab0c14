/** Making an index that may be there, and doing something again while an index takes no writes. */
import { IndexClosed } from './bulk.ts';
import { backOffMs, type Elastic, type Patience } from './connection.ts';

/** Of the indices that are not a member's: small. When they are refreshed says refresh.ts. */
export const plainSettings = { number_of_shards: 1, auto_expand_replicas: '0-1' } as const;

/**
 * Without a `body`, as a template says. What is there stays as it is; fields that its mapping lacks are added. Throws with the
 * server's reason, for instance that the cluster holds as many shards as it may.
 */
export async function makeIndex(
  elastic: Elastic,
  index: string,
  body?: { readonly settings?: object; readonly mappings: object },
  patience: Patience = 'reader',
): Promise<void> {
  const there = await elastic.request({ method: 'HEAD', path: `/${index}`, accept: [404], patience });
  if (there.status === 404) {
    const { status, body: answer } = await elastic.request<{ error?: { type?: string; reason?: string } }>({
      method: 'PUT',
      path: `/${index}`,
      ...(body !== undefined && { body }),
      accept: [400],
      patience,
    });
    if (status !== 400) return;
    if (answer.error?.type !== 'resource_already_exists_exception') {
      throw new Error(`index ${index} could not be made: ${answer.error?.reason ?? 'no reason given'}`);
    }
  }
  if (body !== undefined) {
    await elastic.request({ method: 'PUT', path: `/${index}/_mapping`, body: body.mappings, patience });
  }
}

/** Somebody who removes an index is done by then; otherwise it was blocked by hand, which its people must hear of. */
const CLOSED_MS = 60_000;

/** Does it again, with growing waits, while an index takes no writes; after a minute it throws what says so. */
export async function againWhileClosed<T>(
  elastic: Elastic,
  act: () => Promise<T>,
  onClosed: (index: string) => void = () => undefined,
): Promise<T> {
  const deadline = performance.now() + CLOSED_MS;
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof IndexClosed) || performance.now() > deadline) throw error;
      onClosed(error.index);
      await elastic.wait(backOffMs(attempt));
    }
  }
}
