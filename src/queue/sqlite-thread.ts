/**
 * The thread that owns one queue file. Pushes and acknowledgements that wait together share one commit (synchronous FULL, so
 * what was answered survives a power cut). Leases live in memory only: when the process dies they are gone, and so is whoever
 * held them. Nothing outside sqlite.ts talks to this thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Call, serveCalls } from '../thread.ts';
import type { Blame, DeadJob, Depth, Job, JobState, LeasedJob, Pushed, Receipt } from './queue.ts';
import { openQueueFile } from './sqlite-file.ts';

export interface QueueThreadData {
  readonly file: string;
  readonly rememberMs: number;
  readonly waitMs: number;
}

export interface Claim {
  readonly maxJobs: number;
  readonly maxBytes: number;
  readonly leaseMs: number;
}

/** What is remembered of each job that is not done; bodies stay in the file. */
interface Entry {
  readonly seq: number;
  readonly id: string;
  readonly memberId: string;
  readonly sourceId: string;
  readonly records: number;
  readonly bytes: number;
  readonly receivedAt: string;
  attempts: number;
  /** Milliseconds since the epoch; not given out before. */
  notBefore: number;
}

const { file, rememberMs, waitMs } = workerData as QueueThreadData;
const db = openQueueFile(file, waitMs);

const findJob = db.prepare('SELECT received_at, records, source, dead FROM jobs WHERE id = ?');
const findDone = db.prepare('SELECT received_at, records, source FROM done WHERE id = ?');
const insertJob = db.prepare(
  'INSERT INTO jobs(id, member, source, records, received_at, head, bytes, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?)',
);
const readJob = db.prepare('SELECT head, body FROM jobs WHERE seq = ?');
const deleteJob = db.prepare('DELETE FROM jobs WHERE seq = ?');
const insertDone = db.prepare(
  'INSERT OR REPLACE INTO done(id, source, records, received_at, done_at) VALUES(?, ?, ?, ?, ?)',
);
const failJob = db.prepare('UPDATE jobs SET attempts = ?, dead = ?, error = ? WHERE seq = ?');
const forgetDone = db.prepare('DELETE FROM done WHERE id IN (SELECT id FROM done WHERE done_at < ? LIMIT 5000)');
const listDead = db.prepare(
  'SELECT id, member, source, records, received_at, error, attempts FROM jobs WHERE dead = 1 ORDER BY seq LIMIT 1000',
);
const reviveDead = db.prepare(
  'UPDATE jobs SET dead = 0, attempts = 0, error = NULL WHERE id = ? AND dead = 1 RETURNING seq',
);

/** Ready jobs by member, each list in order of arrival; the map's order is the order of turns. */
const ready = new Map<string, Entry[]>();
const leased = new Map<number, { entry: Entry; until: number }>();
let deadCount = 0;
const total = { jobs: 0, records: 0, bytes: 0 };

function addReady(entry: Entry): void {
  const list = ready.get(entry.memberId);
  if (list === undefined) ready.set(entry.memberId, [entry]);
  else list.push(entry);
}

function track(entry: Entry, sign: 1 | -1): void {
  total.jobs += sign;
  total.records += sign * entry.records;
  total.bytes += sign * entry.bytes;
}

interface Row {
  seq: number;
  id: string;
  member: string;
  source: string;
  records: number;
  bytes: number;
  received_at: string;
  attempts: number;
}
const toEntry = (row: Row): Entry => ({
  seq: row.seq,
  id: row.id,
  memberId: row.member,
  sourceId: row.source,
  records: row.records,
  bytes: row.bytes,
  receivedAt: row.received_at,
  attempts: row.attempts,
  notBefore: 0,
});
const entryColumns = 'seq, id, member, source, records, bytes, received_at, attempts';
for (const row of db.prepare(`SELECT ${entryColumns} FROM jobs WHERE dead = 0 ORDER BY seq`).iterate()) {
  const entry = toEntry(row as unknown as Row);
  addReady(entry);
  track(entry, 1);
}
deadCount = (db.prepare('SELECT count(*) AS n FROM jobs WHERE dead = 1').get() as { n: number }).n;

function push(jobs: readonly Job[], added: Entry[]): Pushed[] {
  return jobs.map((job) => {
    const earlier = (findJob.get(job.id) ?? findDone.get(job.id)) as
      | { received_at: string; records: number }
      | undefined;
    if (earlier !== undefined) {
      return { id: job.id, receivedAt: earlier.received_at, records: earlier.records, known: true };
    }
    const bytes = job.body.byteLength;
    const { lastInsertRowid } = insertJob.run(
      job.id,
      job.memberId,
      job.sourceId,
      job.records,
      job.receivedAt,
      job.head,
      bytes,
      job.body,
    );
    const { id, memberId, sourceId, records, receivedAt } = job;
    added.push({
      seq: Number(lastInsertRowid),
      id,
      memberId,
      sourceId,
      records,
      bytes,
      receivedAt,
      attempts: 0,
      notBefore: 0,
    });
    return { id, receivedAt, records, known: false };
  });
}

/** Jobs of one member, the one whose turn it is. A job that failed before goes alone. */
function take(claim: Claim, now: number): LeasedJob[] {
  for (const [memberId, list] of ready) {
    const first = list.findIndex((entry) => entry.notBefore <= now);
    if (first < 0) continue;
    const chosen: Entry[] = [];
    let bytes = 0;
    let index = first;
    while (index < list.length && chosen.length < claim.maxJobs) {
      const entry = list[index] as Entry;
      const alone = entry.attempts > 0;
      if (chosen.length > 0 && (alone || bytes + entry.bytes > claim.maxBytes)) break;
      if (entry.notBefore <= now) {
        chosen.push(entry);
        bytes += entry.bytes;
        list.splice(index, 1);
        if (alone) break;
      } else index++;
    }
    ready.delete(memberId);
    if (list.length > 0) ready.set(memberId, list);
    for (const entry of chosen) leased.set(entry.seq, { entry, until: now + claim.leaseMs });
    return chosen.map((entry) => {
      const { head, body } = readJob.get(entry.seq) as { head: string; body: Uint8Array };
      const { id, memberId, sourceId, records, receivedAt, attempts } = entry;
      return { id, memberId, sourceId, records, receivedAt, head, body, attempt: attempts + 1 };
    });
  }
  return [];
}

const leasedById = (id: string): Entry | undefined => {
  for (const { entry } of leased.values()) if (entry.id === id) return entry;
  return undefined;
};

function state(id: string): { state: JobState; receivedAt: string; records: number; sourceId: string } | undefined {
  const job = findJob.get(id) as { received_at: string; records: number; source: string; dead: number } | undefined;
  if (job !== undefined) {
    return {
      state: job.dead ? 'dead' : 'queued',
      receivedAt: job.received_at,
      records: job.records,
      sourceId: job.source,
    };
  }
  const done = findDone.get(id) as { received_at: string; records: number; source: string } | undefined;
  return done && { state: 'done', receivedAt: done.received_at, records: done.records, sourceId: done.source };
}

function depth(): Depth {
  const sums = new Map<string, { sourceId: string; memberId: string; receivedHour: string; records: number }>();
  let oldest = '';
  const add = (entry: Entry): void => {
    if (oldest === '' || entry.receivedAt < oldest) oldest = entry.receivedAt;
    const receivedHour = `${entry.receivedAt.slice(0, 13)}:00:00.000Z`;
    const key = `${entry.sourceId} ${receivedHour}`;
    const sum = sums.get(key);
    if (sum !== undefined) sum.records += entry.records;
    else sums.set(key, { sourceId: entry.sourceId, memberId: entry.memberId, receivedHour, records: entry.records });
  };
  for (const list of ready.values()) list.forEach(add);
  for (const { entry } of leased.values()) add(entry);
  const oldestMs = oldest === '' ? 0 : Math.max(0, Date.now() - Date.parse(oldest));
  return { ...total, dead: deadCount, oldestMs, bySource: [...sums.values()] };
}

function dead(): DeadJob[] {
  return listDead.all().map((row) => ({
    id: row.id as string,
    memberId: row.member as string,
    sourceId: row.source as string,
    records: row.records as number,
    receivedAt: row.received_at as string,
    error: (row.error as string | null) ?? '',
    attempts: row.attempts as number,
  }));
}

/** Claims that found nothing and wait. */
let waiting: { call: Call; claim: Claim; ticket: number }[] = [];
let wake: NodeJS.Timeout | undefined;

function serveClaims(): void {
  const now = Date.now();
  for (const { entry, until } of [...leased.values()]) {
    if (until > now) continue;
    leased.delete(entry.seq);
    addReady(entry);
  }
  const still: typeof waiting = [];
  for (const waiter of waiting) {
    const jobs = take(waiter.claim, now);
    if (jobs.length === 0) still.push(waiter);
    else
      waiter.call.answer(
        jobs,
        jobs.map((job) => job.body.buffer as ArrayBuffer),
      );
  }
  waiting = still;
  if (wake !== undefined) clearTimeout(wake);
  wake = undefined;
  if (waiting.length > 0 && total.jobs > 0) wake = setTimeout(serveClaims, 100);
}

/** Growing waits: 1 s, 2 s, 4 s … 1 min. */
const retryWaitMs = (attempts: number): number => Math.min(60_000, 500 * 2 ** attempts);

function write(calls: readonly Call[]): void {
  const answers: (() => void)[] = [];
  const added: Entry[] = [];
  const finished: Entry[] = [];
  const back: { entry: Entry; attempts: number; dead: boolean }[] = [];
  const revived: Entry[] = [];
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const call of calls) {
      if (call.method === 'push') {
        const pushed = push(call.args[0] as readonly Job[], added);
        answers.push(() => call.answer(pushed));
      } else if (call.method === 'ack') {
        for (const id of call.args[0] as readonly string[]) {
          const entry = leasedById(id);
          if (entry === undefined) continue;
          deleteJob.run(entry.seq);
          insertDone.run(entry.id, entry.sourceId, entry.records, entry.receivedAt, Date.now());
          finished.push(entry);
        }
        answers.push(() => call.answer(undefined));
      } else if (call.method === 'nack') {
        const [ids, error, maxAttempts, blame] = call.args as [readonly string[], string, number, Blame];
        for (const id of ids) {
          const entry = leasedById(id);
          if (entry === undefined) continue;
          // Jobs that failed together are not each to blame: the common failure counts once, as the mark that sends them alone.
          const { attempts: before } = entry;
          const attempts = blame === 'alone' ? before + 1 : blame === 'none' ? before : Math.max(1, before);
          const isDead = blame === 'alone' && attempts >= maxAttempts;
          failJob.run(attempts, isDead ? 1 : 0, error.slice(0, 2000), entry.seq);
          back.push({ entry, attempts, dead: isDead });
        }
        answers.push(() => call.answer(undefined));
      } else if (call.method === 'remember') {
        const now = Date.now();
        for (const { id, sourceId, records, receivedAt } of call.args[0] as readonly Receipt[]) {
          if ((findJob.get(id) ?? findDone.get(id)) === undefined)
            insertDone.run(id, sourceId, records, receivedAt, now);
        }
        answers.push(() => call.answer(undefined));
      } else {
        let count = 0;
        for (const id of call.args[0] as readonly string[]) {
          const row = reviveDead.get(id) as { seq: number } | undefined;
          if (row === undefined) continue;
          count++;
          revived.push(
            toEntry(db.prepare(`SELECT ${entryColumns} FROM jobs WHERE seq = ?`).get(row.seq) as unknown as Row),
          );
        }
        answers.push(() => call.answer(count));
      }
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    for (const call of calls) call.fail(error);
    return;
  }
  for (const entry of [...added, ...revived]) {
    addReady(entry);
    track(entry, 1);
  }
  deadCount -= revived.length;
  for (const entry of finished) {
    leased.delete(entry.seq);
    track(entry, -1);
  }
  for (const { entry, attempts, dead: isDead } of back) {
    leased.delete(entry.seq);
    entry.attempts = attempts;
    if (isDead) {
      deadCount++;
      track(entry, -1);
    } else {
      entry.notBefore = Date.now() + retryWaitMs(attempts);
      addReady(entry);
    }
  }
  for (const answer of answers) answer();
}

const writes = new Set(['push', 'ack', 'nack', 'remember', 'retryDead']);

const server = serveCalls((calls) => {
  const toWrite = calls.filter((call) => writes.has(call.method));
  if (toWrite.length > 0) write(toWrite);
  for (const call of calls) {
    if (writes.has(call.method)) continue;
    try {
      if (call.method === 'claim') {
        const [claim, ticket] = call.args as [Claim, number];
        waiting.push({ call, claim, ticket });
      } else if (call.method === 'cancel') {
        const cancelled = waiting.filter((waiter) => waiter.ticket === call.args[0]);
        waiting = waiting.filter((waiter) => waiter.ticket !== call.args[0]);
        for (const waiter of cancelled) waiter.call.answer([]);
        call.answer(undefined);
      } else if (call.method === 'extend') {
        const [ids, leaseMs] = call.args as [readonly string[], number];
        for (const held of leased.values()) if (ids.includes(held.entry.id)) held.until = Date.now() + leaseMs;
        call.answer(undefined);
      } else if (call.method === 'state') call.answer(state(call.args[0] as string));
      else if (call.method === 'depth') call.answer(depth());
      else if (call.method === 'dead') call.answer(dead());
      else call.fail(new Error(`the queue has no ${call.method}`));
    } catch (error) {
      call.fail(error);
    }
  }
  if (waiting.length > 0) serveClaims();
});

function forget(): void {
  forgetDone.run(Date.now() - rememberMs);
  db.exec('PRAGMA incremental_vacuum(2000)');
}
forget();
setInterval(forget, 60_000).unref();

parentPort?.on('message', (message) => {
  if (message.port !== undefined) server.add(message.port);
  else {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    parentPort?.postMessage('closed');
    process.exit();
  }
});
parentPort?.postMessage('ready');
