/** Rejects -> the queue again, after a connector or a source's declaration was mended. A record cut short cannot be replayed. */
import { hashId } from '../ids.ts';
import type { Reject } from '../model/batch.ts';
import type { Scope } from '../model/scope.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';
import { packFrame } from './frame.ts';

/**
 * The source's encoding of today is used, for a wrong declaration is what replays most often mend; a UTF-16 record keeps the byte
 * order its mark had. Answers how many records went back; the same rejects twice are queued once.
 */
export async function replayRejects(
  parts: { store: Store; records: Queue },
  scope: Scope,
  ids: readonly string[],
): Promise<{ replayed: number; cut: number }> {
  const rejects = await parts.store.getRejects(scope, ids);
  const bySource = new Map<string, Reject[]>();
  let cut = 0;
  for (const reject of rejects) {
    if (Buffer.byteLength(reject.raw, 'base64') < reject.bytes) cut++;
    else bySource.set(reject.sourceId, [...(bySource.get(reject.sourceId) ?? []), reject]);
  }
  let replayed = 0;
  for (const [sourceId, list] of bySource) {
    const source = await parts.store.get('source', scope, sourceId);
    const first = list[0];
    if (source === undefined || first === undefined) continue;
    const bodies = list.map((reject) => Buffer.from(reject.raw, 'base64'));
    const spans: number[] = [];
    let at = 0;
    for (const body of bodies) {
      spans.push(at, body.length);
      at += body.length;
    }
    const replayIds = list.map((reject) => reject.id);
    await parts.records.push([
      {
        id: hashId('replay', source.id, source.encoding, ...replayIds),
        memberId: first.memberId,
        sourceId,
        records: list.length,
        receivedAt: new Date().toISOString(),
        head: JSON.stringify({ encoding: first.encoding.startsWith('utf-16') ? first.encoding : source.encoding }),
        body: await packFrame(Buffer.concat(bodies), spans),
      },
    ]);
    await parts.store.removeRejects(scope, replayIds);
    replayed += list.length;
  }
  return { replayed, cut };
}
