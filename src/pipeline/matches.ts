/**
 * The correlator's walk: a batch's matches become alerts, incidents and campaigns, written together with the mark that this batch
 * was applied. The only writer of alerts besides people. One at a time; a batch walked twice changes nothing.
 */
import type { Correlator } from '../correlate/correlator.ts';
import type { Finding } from '../correlate/finding.ts';
import type { RuleHead } from '../detect/rule.ts';
import type { IncidentBook } from '../incident/book.ts';
import type { Match } from '../model/alert.ts';
import type { TracedHead } from '../model/batch.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { LeasedJob } from '../queue/queue.ts';
import { type Applied, type Change, type Kind, type Store, VersionConflict } from '../store/store.ts';
import type { Span, Tracer } from '../telemetry/tracer.ts';
import { jobAttributes } from './job-attributes.ts';

export interface MatchesParts {
  readonly store: Store;
  readonly correlator: Correlator;
  readonly book: IncidentBook;
  readonly rulesById: ReadonlyMap<string, RuleHead>;
  /** The lead that findings are written under. */
  readonly term: number;
  readonly tracer: Tracer;
  /** Told of what was written, after it was. */
  readonly onSaved: (changes: readonly Change[]) => void;
}

/** One at a time, in whatever order and from wherever they are called. */
export interface MatchesWalk {
  /** Handler for the queue of matches. */
  apply(jobs: readonly LeasedJob[]): Promise<void>;
  /** Tells the correlator that event time has come so far, though no event says so; what it finds is written. */
  advance(toMs: number): Promise<void>;
}

/** What one batch's matches led to. */
interface Given {
  readonly batch: Omit<Applied, 'alerts'>;
  readonly findings: readonly Finding[];
}

/** Findings that the correlator gave and that are not written yet: of batches that came together, or of event time that moved on. */
type Unwritten = { readonly batches: Given[] } | { readonly advancedMs: number; readonly findings: readonly Finding[] };

/**
 * What could not be written stays, in its order, and is written before anything that comes after it: the correlator has seen those
 * matches and finds nothing new in them a second time, and a restart counts on it that what was found first was written first.
 * Batches that come together are written together, for a save takes its time whatever it holds: so a correlator that falls behind
 * catches up.
 */
export function createMatchesWalk(parts: MatchesParts): MatchesWalk {
  const unwritten: Unwritten[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const writeAll = async (onWritten: (given: Given, alerts: number) => void): Promise<void> => {
    for (let next = unwritten[0]; next !== undefined; next = unwritten[0]) {
      const written = await write(parts, next);
      unwritten.shift();
      for (const [given, alerts] of written) onWritten(given, alerts);
    }
  };
  const waits = (id: string): boolean =>
    unwritten.some((one) => 'batches' in one && one.batches.some(({ batch }) => batch.batchId === id));

  const give = async (jobs: readonly LeasedJob[]): Promise<void> => {
    // One that waits here already was given to the correlator at its first attempt.
    const fresh = jobs.filter(({ id }) => !waits(id));
    // Alone, a batch that was written before is known by its mark; among others it would be in their way.
    const applied = fresh.length > 1 ? await parts.store.applied(fresh.map(({ id }) => id)) : new Map();
    const read = fresh
      .filter(({ id }) => !applied.has(id))
      .map((job) => ({ job, matches: JSON.parse(Buffer.from(job.body).toString()) as Match[] }));
    const batches: Given[] = [];
    for (const { job, matches } of read) {
      const newestMs = matches.reduce<number | undefined>(later, undefined);
      const findings = parts.correlator.add(matches);
      const given = { batch: { batchId: job.id, receivedAt: job.receivedAt, newestMs }, findings };
      // From the first on: what it found must not be lost when a later one fails.
      if (batches.push(given) === 1) unwritten.push({ batches });
    }
  };

  return {
    apply: (jobs) =>
      inTurn(async () => {
        const spans = new Map(jobs.map((job) => [job.id, followMatches(parts.tracer, job)]));
        try {
          await give(jobs);
          await writeAll(({ batch, findings }, alerts) =>
            spans.get(batch.batchId)?.set({ 'hinomi.findings': findings.length, 'hinomi.alerts': alerts }),
          );
          for (const span of spans.values()) span.end();
        } catch (error) {
          for (const span of spans.values()) span.fail(error);
          throw error;
        }
      }),
    advance: (toMs) =>
      inTurn(async () => {
        const findings = parts.correlator.advance(toMs);
        // Nothing found: nothing that a restart would find again.
        if (findings.length > 0) unwritten.push({ findings, advancedMs: toMs });
        await writeAll(() => undefined);
      }),
  };
}

/** A job without a head was pushed before jobs of matches had one. */
function followMatches(tracer: Tracer, job: LeasedJob): Span {
  const { traceparent } = (job.head === '' ? {} : JSON.parse(job.head)) as TracedHead;
  const span = tracer.follow('correlator.apply', 'consumer', traceparent);
  span.set({ ...jobAttributes(job, 'apply', 'matches', job.id), 'hinomi.matches': job.records });
  return span;
}

const later = (ms: number | undefined, { atMs }: Match): number => Math.max(ms ?? atMs, atMs);

/** Answers how many alerts each batch touched, of those written now. */
async function write(parts: MatchesParts, next: Unwritten): Promise<readonly (readonly [Given, number])[]> {
  const batches = 'batches' in next ? next.batches : [];
  const findings = 'batches' in next ? batches.flatMap((given) => given.findings) : next.findings;
  for (let attempt = 1; ; attempt++) {
    const { changes, alertIds, commit } = parts.book.apply(findings, parts.rulesById, new Date().toISOString());
    const touched = new Set(changes.flatMap(({ kind, doc }) => (kind === 'alert' ? [doc.id] : [])));
    let from = 0;
    const counted = batches.map((given) => {
      const its = new Set(alertIds.slice(from, from + given.findings.length));
      from += given.findings.length;
      return [given, touched.intersection(its).size] as const;
    });
    const cause =
      'batches' in next
        ? { batches: counted.map(([{ batch }, alerts]): Applied => ({ ...batch, alerts })) }
        : { advancedMs: next.advancedMs };
    try {
      const written = await parts.store.save(changes, { ...cause, term: parts.term });
      if (!written) return batches.map((given) => [given, 0]);
      commit();
      parts.onSaved(changes);
      return counted;
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

/**
 * Fills a new correlator with what the matches applied so far taught the one before, moments that wait included. Raises nothing.
 * The newest of those matches may be as old as the center was away.
 */
export async function rebuildMemory(
  { store, correlator }: Pick<MatchesParts, 'store' | 'correlator'>,
  now: number = Date.now(),
): Promise<void> {
  const { appliedMs, advancedMs } = await store.progress();
  const since = Math.min(now, appliedMs ?? now) - correlator.windowMs;
  for await (const matches of store.appliedMatches(CENTER_SCOPE, since)) correlator.add(matches);
  if (advancedMs !== undefined) correlator.advance(advancedMs);
}

/** Fills the book with the documents that matches of the last `windowMs` may belong to. */
export async function rebuildBook(
  parts: Pick<MatchesParts, 'store' | 'book'>,
  windowMs: number,
  now: number = Date.now(),
): Promise<void> {
  const from = new Date(now - windowMs - 2 * DAY_MS).toISOString();
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
