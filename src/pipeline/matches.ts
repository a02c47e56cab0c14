/**
 * The correlator's walk: a batch's matches become alerts, incidents and campaigns, written together with the mark that this batch
 * was applied. The only writer of alerts besides people. One at a time; a batch walked twice changes nothing.
 */
import type { Correlator } from '../correlate/correlator.ts';
import type { Finding } from '../correlate/finding.ts';
import type { RuleHead } from '../detect/rule.ts';
import type { IncidentBook } from '../incident/book.ts';
import type { Match } from '../model/alert.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { LeasedJob } from '../queue/queue.ts';
import { type Change, type Kind, type Store, VersionConflict } from '../store/store.ts';

export interface MatchesParts {
  readonly store: Store;
  readonly correlator: Correlator;
  readonly book: IncidentBook;
  readonly rulesById: ReadonlyMap<string, RuleHead>;
  /** Told of what was written, after it was. */
  readonly onSaved: (changes: readonly Change[]) => void;
}

/**
 * Handler for the queue of matches. Findings of a batch that could not be written are kept for its next attempt: the correlator
 * has seen the matches and would find nothing new in them.
 */
export function createMatchesWalk(parts: MatchesParts): (jobs: readonly LeasedJob[]) => Promise<void> {
  const unwritten = new Map<string, readonly Finding[]>();
  return async (jobs) => {
    for (const job of jobs) {
      const matches = JSON.parse(Buffer.from(job.body).toString()) as Match[];
      const findings = unwritten.get(job.id) ?? parts.correlator.add(matches);
      unwritten.set(job.id, findings);
      await write(parts, job, findings);
      unwritten.delete(job.id);
    }
  };
}

async function write(parts: MatchesParts, job: LeasedJob, findings: readonly Finding[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { changes, commit } = parts.book.apply(findings, parts.rulesById, new Date().toISOString());
    const alerts = changes.filter((change) => change.kind === 'alert').length;
    try {
      const written = await parts.store.save(changes, { batchId: job.id, receivedAt: job.receivedAt, alerts });
      if (!written) return;
      commit();
      parts.onSaved(changes);
      return;
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt >= 20) throw error;
      await reload(parts, error.kind, error.id);
    }
  }
}

/** An analyst was faster: their version counts, and ours is made anew on top of it. */
async function reload(parts: MatchesParts, kind: Kind, id: string): Promise<void> {
  if (kind !== 'alert' && kind !== 'incident' && kind !== 'campaign')
    throw new Error(`unexpected conflict on ${kind} ${id}`);
  const doc = await parts.store.get(kind, CENTER_SCOPE, id);
  if (doc !== undefined) parts.book.replace({ kind, doc } as Change);
}

const DAY_MS = 86_400_000;

/** Fills correlator and book with what they knew before the process ended. Raises nothing. */
export async function rebuild(
  parts: Pick<MatchesParts, 'store' | 'correlator' | 'book'>,
  now: number = Date.now(),
): Promise<void> {
  for await (const matches of parts.store.appliedMatches(CENTER_SCOPE, now - parts.correlator.windowMs)) {
    parts.correlator.add(matches);
  }
  const from = new Date(now - parts.correlator.windowMs - 2 * DAY_MS).toISOString();
  for (const kind of ['alert', 'incident', 'campaign'] as const) {
    let cursor: string | undefined;
    do {
      const page = await parts.store.find(kind, CENTER_SCOPE, {
        from,
        limit: 1_000,
        ...(cursor !== undefined && { cursor }),
      });
      for (const doc of page.items) parts.book.replace({ kind, doc } as Change);
      cursor = page.next;
    } while (cursor !== undefined);
  }
}
