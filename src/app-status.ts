/**
 * How the whole center is, asked of its parts: what the status page and /metrics show. A part that does not answer in time is shown
 * as such and keeps nobody from seeing the others. Changes nothing.
 */
import type { Config } from './config.ts';
import type { Engines } from './engines.ts';
import type { CenterStatus, QueueStatus, StoreHealth, WaitingStatus } from './model/status.ts';
import type { PeerStatus, Role } from './peers/peers.ts';
import type { Depth } from './queue/queue.ts';
import { type CenterFacts, findProblems } from './status-problems.ts';
import type { StoreStats } from './store/store.ts';

const PATIENCE_MS = 4_000;
/** Looking at the store costs it something, and many people may look at the page. */
const HEALTH_EVERY_MS = 5_000;
const STATS_EVERY_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Always answers, after some seconds where a part is silent. */
export function createCenterStatus(parts: {
  readonly engines: Pick<Engines, 'store' | 'records' | 'matches' | 'peers' | 'queueFill' | 'shared'>;
  readonly config: Pick<Config, 'store' | 'queue' | 'intake'>;
  readonly patienceMs?: number;
}): () => Promise<CenterStatus> {
  const { engines, config, patienceMs = PATIENCE_MS } = parts;
  const { store, records, matches, peers } = engines;
  const inTime = <T>(work: () => Promise<T>): Promise<T> => inTimeOrThrow(patienceMs, work);
  const orNull = <T>(work: () => Promise<T>): Promise<T | null> => inTime(work).catch(() => null);
  const health = remembered<StoreHealth>(HEALTH_EVERY_MS, () =>
    inTime(() => store.health()).catch((error: unknown) => ({
      ...{ state: 'bad', reason: 'unreachable', diskFreeBytes: null, diskTotalBytes: null },
      detail: error instanceof Error ? error.message : String(error),
    })),
  );
  const stats = remembered<StoreStats>(STATS_EVERY_MS, () => inTime(() => store.stats()));
  const depths = async () => ({
    records: await records.depth(),
    matches: await matches.depth(),
    fill: await engines.queueFill(),
  });

  return async () => {
    const [queue, processes, healthNow, statsNow] = await Promise.all([
      orNull(depths),
      orNull(() => peers.all()),
      health(),
      stats().catch(() => null),
    ]);
    const nowMs = Date.now();
    const { maxBytes, maxRecords } = config.intake.backlog;
    const facts: CenterFacts = {
      at: new Date(nowMs).toISOString(),
      engines: { store: config.store.engine, queue: config.queue.engine, shared: engines.shared },
      processes,
      queues: queue && {
        records: toQueueStatus(queue.records),
        matches: toQueueStatus(queue.matches),
        memoryShare: queue.fill,
        backlogShare: Math.max(queue.records.bytes / maxBytes, queue.records.records / maxRecords),
      },
      waiting: queue === null ? [] : waitingByMember(queue.records, nowMs),
      correlator: {
        lagMs: queue && Math.max(queue.records.oldestMs, queue.matches.oldestMs),
        leader: leaderOf(processes ?? []),
      },
      store: { ...healthNow, events: statsNow?.events ?? null, bytes: statsNow?.bytes ?? null },
    };
    return { ...facts, problems: findProblems(facts) };
  };
}

const GONE: readonly StoreHealth['reason'][] = ['unreachable', 'no-master', 'unreadable'];

/**
 * Whether a process can do what its roles are there for. One that takes in logs is ready while the queue is, whatever the store does:
 * logs must come in.
 */
export async function readiness(
  status: () => Promise<CenterStatus>,
  { roles, pipeline }: { roles: readonly Role[]; pipeline: { alive: boolean; threads: number } | undefined },
) {
  const { queues, store } = await status();
  const needsStore = roles.some((role) => role !== 'intake');
  // A full disk is a problem to be seen, in the console too; who is taken away for it sees nothing.
  const storeOk = !GONE.includes(store.reason);
  const { jobs = 0, records = 0, dead = 0, oldestMs = 0 } = queues?.records ?? {};
  const waiting = `${jobs} batches, ${records} records wait, oldest ${Math.round(oldestMs / 1000)} s; ${dead} dead`;
  return {
    ready: queues !== null && (storeOk || !needsStore) && pipeline?.alive !== false,
    checks: {
      ...(pipeline !== undefined && { pipeline: { ok: pipeline.alive, detail: `${pipeline.threads} thread(s)` } }),
      queue: { ok: queues !== null && dead === 0, detail: queues === null ? 'cannot be reached' : waiting },
      store: { ok: storeOk, detail: store.detail },
    },
  };
}

function toQueueStatus({ jobs, records, bytes, dead, oldestMs }: Depth): QueueStatus {
  return { jobs, records, bytes, dead, oldestMs };
}

/** Of two that say so the later term is right: the other has not heard yet. */
function leaderOf(processes: readonly PeerStatus[]): string | null {
  const leaders = processes.filter(({ correlator }) => correlator?.leads === true);
  const [first] = leaders.sort((a, b) => (b.correlator?.term ?? 0) - (a.correlator?.term ?? 0));
  return first?.id ?? null;
}

/** Longest waiting first. */
export function waitingByMember({ bySource, oldestMs }: Depth, nowMs: number): readonly WaitingStatus[] {
  const oldestHour = (rows: Depth['bySource']): string =>
    rows.reduce((oldest, { receivedHour }) => (receivedHour < oldest ? receivedHour : oldest), '9');
  const first = oldestHour(bySource);
  const members = [...Map.groupBy(bySource, ({ memberId }) => memberId)].map(([memberId, rows]) => ({
    memberId,
    records: rows.reduce((sum, { records }) => sum + records, 0),
    hour: oldestHour(rows),
  }));
  const holders = members.filter(({ hour }) => hour === first);
  return members
    .map(({ memberId, records, hour }): WaitingStatus => {
      const beganMs = Date.parse(hour);
      const mostMs = Math.max(0, Math.min(oldestMs, nowMs - beganMs));
      const only = hour === first && holders.length === 1;
      const leastMs = only ? mostMs : Math.min(mostMs, Math.max(0, nowMs - beganMs - HOUR_MS));
      return { memberId, records, oldestHour: hour, leastMs, mostMs };
    })
    .sort((a, b) => b.mostMs - a.mostMs || b.records - a.records || (a.memberId < b.memberId ? -1 : 1));
}

async function inTimeOrThrow<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One answer for all who ask within `ms`; a failure is not kept. */
function remembered<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly at: number } | undefined;
  return () => {
    if (known !== undefined && performance.now() - known.at < ms) return known.answer;
    const answer = ask();
    const mine = { answer, at: performance.now() };
    known = mine;
    answer.catch(() => {
      if (known === mine) known = undefined;
    });
    return answer;
  };
}
