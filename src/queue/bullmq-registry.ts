/**
 * What BullMQ does not keep: first receipts, ids of done jobs, counts, and whose turn it is. One registry a shard, under the shard's
 * hash tag, changed by these scripts alone, each atomic. Bodies never pass through here.
 *
 * Keys, after `<prefix>:{<name>-<shard>}:r:`
 *   open, dead   id -> entry (JSON) of jobs that are not done; of dead ones      error      id -> [message, attempts]
 *   age, buried  id by time of receipt, of open and of dead jobs                 adding     id by time of registration, until swept
 *   total, sums  records and bytes of open jobs; records by source and hour      turn       member -> its last priority
 *   done:<day>:<000-fff>   id -> receipt of done jobs. Many small hashes, which Redis keeps as packed lists: 50 bytes an id of 16
 *                characters where a key for each takes 180; 24 million ids (20 jobs/s for 14 days in 4 shards) are 1.2 GB.
 *
 * Turns are start-time fair queueing in BullMQ's priorities: a job's is one more than that of its member's job before, and at least
 * that of the job which is next in the shard. They start anew when nothing waits in the shard. BullMQ ends at 2^21 - 1: after two
 * million turns without a pause, and until nothing waits any more, jobs are first come, first served.
 */
import type { Cluster, Redis } from 'ioredis';
import type { DeadJob, Depth, Job, Receipt as JobReceipt, JobState } from './queue.ts';

export type RedisClient = Redis | Cluster;

export const DAY_MS = 86_400_000;
/** A registered job that BullMQ does not hold is looked for twice, so far apart, before it is given up. */
const SWEEP_MS = 30_000;

export interface Receipt {
  readonly receivedAt: string;
  readonly records: number;
  readonly sourceId: string;
}

export type Registered =
  /** `priority`: to be added to BullMQ under this receipt. It is `known` and yet to be added where a push before did not come that far. */
  | { readonly known: boolean; readonly receipt: Receipt; readonly priority: number }
  | { readonly known: true; readonly receipt: Receipt; readonly priority: undefined };

/** One shard's. Every call is one round trip, and may be repeated when its answer was lost. */
export interface Registry {
  /** First receipt wins. Refused as a whole when Redis is full. */
  register(jobs: readonly Job[]): Promise<readonly Registered[]>;
  /** To be called before the jobs leave BullMQ: a crash in between repeats their work, never their receipt. */
  done(jobs: readonly Job[]): Promise<void>;
  /** See Queue.remember. */
  remember(done: readonly JobReceipt[]): Promise<void>;
  /** False: it is done, somewhere else. */
  bury(job: Job, error: string, attempts: number): Promise<boolean>;
  /** The priority of a job of this member that comes back: an old one may be of a time before turns started anew. */
  turn(memberId: string): Promise<number>;
  /** Answers the ids that were dead and are open now, each with its priority. */
  revive(ids: readonly string[]): Promise<readonly (readonly [id: string, priority: number])[]>;
  state(id: string): Promise<(Receipt & { readonly state: JobState }) | undefined>;
  depth(): Promise<Depth>;
  dead(limit: number): Promise<readonly DeadJob[]>;
  /** Drops registrations that no job followed, buries again what was revived by half. `ageMs`: younger ones are left alone. */
  sweep(ageMs?: number): Promise<void>;
}

/** BullMQ refuses colons and numbers; the letter keeps jobs apart from BullMQ's own keys. */
export const bullmqId = (id: string): string => `j${encodeURIComponent(id)}`;

const LAST_TURN = 2 ** 21 - 1;

const PRELUDE = `
local K = KEYS[1]
local R = K .. 'r:'
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local day = math.floor(now / ${DAY_MS})

local function bucket(id, d) return R .. 'done:' .. d .. ':' .. string.sub(redis.sha1hex(id), 1, 3) end
local function remembered(id, days)
  for d = day, day - days, -1 do
    local value = call('HGET', bucket(id, d), id)
    if value then return value end
  end
end
local function count(entry, sign)
  call('HINCRBY', R .. 'total', 'records', sign * entry[2])
  call('HINCRBY', R .. 'total', 'bytes', sign * entry[3])
  if call('HINCRBY', R .. 'sums', entry[4], sign * entry[2]) == 0 then call('HDEL', R .. 'sums', entry[4]) end
end
local function enter(id, text, entry)
  call('HSET', R .. 'open', id, text)
  call('ZADD', R .. 'age', entry[6], id)
  call('ZADD', R .. 'adding', now, id)
  count(entry, 1)
end
local function leave(id)
  local text = call('HGET', R .. 'open', id)
  if not text then return nil end
  local entry = cjson.decode(text)
  call('HDEL', R .. 'open', id)
  call('ZREM', R .. 'age', id)
  call('ZREM', R .. 'adding', id)
  count(entry, -1)
  return text
end
local function unbury(id)
  local text = call('HGET', R .. 'dead', id)
  if not text then return nil end
  call('HDEL', R .. 'dead', id)
  call('ZREM', R .. 'buried', id)
  return text
end
-- The priority that is next in the shard. Its write is one that a full Redis refuses: then nothing was changed.
local function begin()
  local head = call('ZRANGE', K .. 'prioritized', 0, 0, 'WITHSCORES')[2]
  local fresh = not head and call('EXISTS', K .. 'delayed') == 0
  local next = math.max(tonumber(call('HGET', R .. 'turn', '') or 1), head and math.floor(tonumber(head) / 4294967296) or 1)
  if fresh then next = 1 end
  call('HSET', R .. 'turn', '', next)
  if fresh then call('DEL', R .. 'turn') end
  return next
end
local function turnOf(member, next)
  local turn = math.min(math.max(next, (tonumber(call('HGET', R .. 'turn', 'm' .. member)) or 0) + 1), ${LAST_TURN})
  call('HSET', R .. 'turn', 'm' .. member, turn)
  return turn
end
local function bury(id, text)
  call('HSET', R .. 'dead', id, text)
  call('ZADD', R .. 'buried', cjson.decode(text)[6], id)
end
`;

const scripts = {
  register: `
local next = begin()
local answers = {}
for i = 2, #ARGV, 3 do
  local id, member, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local open = call('HGET', R .. 'open', id)
  local earlier = open or call('HGET', R .. 'dead', id)
  earlier = earlier and cjson.decode(earlier)[1] or remembered(id, ARGV[1])
  if earlier and not (open and call('EXISTS', K .. cjson.decode(open)[5]) == 0) then
    answers[#answers + 1] = { 1, earlier, 0 }
  else
    local turn = turnOf(member, next)
    if earlier then
      call('ZADD', R .. 'adding', now, id)
      answers[#answers + 1] = { 1, earlier, turn }
    else
      local entry = cjson.decode(text)
      enter(id, text, entry)
      answers[#answers + 1] = { 0, entry[1], turn }
    end
  end
end
return answers`,
  done: `
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local entry = leave(id) or unbury(id)
  if entry or not remembered(id, ARGV[1]) then
    local key = bucket(id, day)
    call('HSET', key, id, cjson.decode(entry or ARGV[i + 1])[1])
    call('PEXPIRE', key, ARGV[2])
    call('HDEL', R .. 'error', id)
  end
end`,
  remember: `
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  if call('HEXISTS', R .. 'open', id) == 0 and call('HEXISTS', R .. 'dead', id) == 0 and not remembered(id, ARGV[1]) then
    local key = bucket(id, day)
    call('HSET', key, id, ARGV[i + 1])
    call('PEXPIRE', key, ARGV[2])
  end
end`,
  bury: `
local id = ARGV[2]
local text = leave(id) or call('HGET', R .. 'dead', id)
if not text and remembered(id, ARGV[1]) then return 0 end
bury(id, text or ARGV[3])
call('HSET', R .. 'error', id, ARGV[4])
return 1`,
  turn: `return turnOf(ARGV[1], begin())`,
  revive: `
local revived = {}
local next = begin()
for i = 1, #ARGV do
  local text = unbury(ARGV[i])
  if text then
    local entry = cjson.decode(text)
    enter(ARGV[i], text, entry)
    revived[#revived + 1] = { ARGV[i], turnOf(cjson.decode(entry[4])[2], next) }
  end
end
return revived`,
  state: `
local id = ARGV[2]
for _, state in ipairs({ 'open', 'dead' }) do
  local text = call('HGET', R .. state, id)
  if text then return { state, cjson.decode(text)[1] } end
end
local value = remembered(id, ARGV[1])
if value then return { 'done', value } end`,
  depth: `
return { call('HLEN', R .. 'open'), call('HMGET', R .. 'total', 'records', 'bytes'), call('ZCARD', R .. 'buried'),
  call('ZRANGE', R .. 'age', 0, 0, 'WITHSCORES'), call('HGETALL', R .. 'sums') }`,
  dead: `
local ids = call('ZRANGE', R .. 'buried', 0, ARGV[1] - 1)
if #ids == 0 then return { ids, ids, ids } end
return { ids, call('HMGET', R .. 'dead', unpack(ids)), call('HMGET', R .. 'error', unpack(ids)) }`,
  // An id's score gets a fraction at the first look: a Redis that stood still has not been looked at twice.
  sweep: `
local due = call('ZRANGEBYSCORE', R .. 'adding', '-inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, 1000)
for i = 1, #due, 2 do
  local id, score = due[i], tonumber(due[i + 1])
  local open = call('HGET', R .. 'open', id)
  local job = open and cjson.decode(open)[5]
  if open and call('EXISTS', K .. job) == 0 then
    if score % 1 == 0 then call('ZADD', R .. 'adding', now + 0.5, id) else leave(id) end
  else
    if open and call('ZSCORE', K .. 'failed', job) then bury(id, leave(id)) end
    call('ZREM', R .. 'adding', id)
  end
end
return #due / 2`,
} as const;

type Script = keyof typeof scripts;

/** A full Redis refuses a script at its first write, if at all. It never refuses this one, and so nothing after it. */
export const UNREFUSED = `redis.call('DEL', KEYS[1] .. ':none')\n`;
const unrefused: readonly Script[] = ['done', 'bury', 'turn', 'revive', 'sweep'];

const commandOf = (script: Script): `hinomi${string}` => `hinomi${script}`;

export function defineRegistry(client: RedisClient): void {
  for (const script of Object.keys(scripts) as Script[]) {
    const lua = (unrefused.includes(script) ? UNREFUSED : '') + PRELUDE + scripts[script];
    client.defineCommand(commandOf(script), { numberOfKeys: 1, lua });
  }
}

/** `base`: the beginning of the shard's keys, its hash tag in it. The client went through defineRegistry. */
export function createRegistry(client: RedisClient, base: string, rememberMs: number): Registry {
  const days = Math.ceil(rememberMs / DAY_MS);
  const run = (script: Script, ...args: readonly (string | number)[]): Promise<unknown> =>
    (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[commandOf(script)]?.(
      base,
      ...args,
    ) as Promise<unknown>;
  return {
    async register(jobs) {
      const args = jobs.flatMap((job) => [job.id, job.memberId, entryOf(job)]);
      const answers = (await run('register', days, ...args)) as [number, string, number][];
      return answers.map(([known, receipt, priority]) => ({
        known: known === 1,
        receipt: parseReceipt(receipt),
        priority: priority === 0 ? undefined : priority,
      })) as Registered[];
    },
    async done(jobs) {
      await run('done', days, rememberMs, ...jobs.flatMap((job) => [job.id, entryOf(job)]));
    },
    async remember(done) {
      // As many as Lua takes arguments, with room.
      for (let at = 0; at < done.length; at += 1_000) {
        const args = done.slice(at, at + 1_000).flatMap((job) => [job.id, formatReceipt(job)]);
        await run('remember', days, rememberMs, ...args);
      }
    },
    async bury(job, error, attempts) {
      return (await run('bury', days, job.id, entryOf(job), JSON.stringify([error, attempts]))) === 1;
    },
    async revive(ids) {
      return (await run('revive', ...ids)) as [string, number][];
    },
    async turn(memberId) {
      return Number(await run('turn', memberId));
    },
    async state(id) {
      const found = (await run('state', days, id)) as ['open' | 'dead' | 'done', string] | null;
      if (found === null) return undefined;
      return { state: found[0] === 'open' ? 'queued' : found[0], ...parseReceipt(found[1]) };
    },
    async depth() {
      const [jobs, [records, bytes], dead, [, oldest], sums] = (await run('depth')) as [
        number,
        [string | null, string | null],
        number,
        [string?, string?],
        string[],
      ];
      const bySource: Depth['bySource'][number][] = [];
      for (let index = 0; index < sums.length; index += 2) {
        const [sourceId, memberId, receivedHour] = JSON.parse(sums[index] as string) as [string, string, string];
        bySource.push({ sourceId, memberId, receivedHour, records: Number(sums[index + 1]) });
      }
      const oldestMs = oldest === undefined ? 0 : Math.max(0, Date.now() - Number(oldest));
      return { jobs, records: Number(records), bytes: Number(bytes), dead, oldestMs, bySource };
    },
    async dead(limit) {
      const [ids, entries, errors] = (await run('dead', limit)) as [string[], string[], (string | null)[]];
      return ids.map((id, index) => {
        const [receipt, , , sum] = JSON.parse(entries[index] as string) as Entry;
        const [error, attempts] = JSON.parse(errors[index] ?? '["",0]') as [string, number];
        const [, memberId] = JSON.parse(sum) as [string, string];
        return { id, memberId, ...parseReceipt(receipt), error, attempts };
      });
    },
    async sweep(ageMs = SWEEP_MS) {
      for (let round = 0; round < 100; round++) if (Number(await run('sweep', ageMs)) < 1000) return;
    },
  };
}

/** Receipt, records, bytes, key of the sum, BullMQ's id, time of receipt in milliseconds: what the scripts know as entry[1] to [6]. */
type Entry = [string, number, number, string, string, number];

function entryOf({ id, memberId, sourceId, records, receivedAt, body }: Job): string {
  const hour = `${receivedAt.slice(0, 13)}:00:00.000Z`;
  const sum = JSON.stringify([sourceId, memberId, hour]);
  const receipt = formatReceipt({ receivedAt, records, sourceId });
  return JSON.stringify([receipt, records, body.byteLength, sum, bullmqId(id), Date.parse(receivedAt)] satisfies Entry);
}

/** Short, for it is what is kept of a done job: `<milliseconds, base 36>,<records, base 36>,<source>`. */
function formatReceipt({ receivedAt, records, sourceId }: Receipt): string {
  const at = new Date(receivedAt);
  const stamp = at.toISOString() === receivedAt ? at.getTime().toString(36) : receivedAt;
  return `${stamp},${records.toString(36)},${sourceId}`;
}

function parseReceipt(text: string): Receipt {
  const [stamp = '', records = '', ...source] = text.split(',');
  const receivedAt = stamp.includes(':') ? stamp : new Date(Number.parseInt(stamp, 36)).toISOString();
  return { receivedAt, records: Number.parseInt(records, 36), sourceId: source.join(',') };
}
