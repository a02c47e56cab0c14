/** How the center is, as one picture: processes, queues, correlator, store, and what is wrong with them. */
import { z } from 'zod';

const count = z.int().min(0);
const at = z.iso.datetime();

export const storeHealth = z.object({
  state: z
    .enum(['good', 'strained', 'bad'])
    .describe('strained: works, and somebody should look; bad: data cannot be read or written'),
  reason: z.enum([
    'none',
    'disk-low',
    'disk-full',
    'copies-missing',
    'unreachable',
    'no-master',
    'shards-missing',
    'read-only',
    'unreadable',
    'unknown',
  ]),
  detail: z.string().describe('What is wrong, where, and what to do; empty when good'),
  diskFreeBytes: z.number().nullable().describe('Null where the disk could not be asked'),
  diskTotalBytes: z.number().nullable(),
});
export type StoreHealth = z.infer<typeof storeHealth>;

export const problem = z.object({
  code: z.string().describe('The same for the same kind of problem, e.g. "role-missing-worker"'),
  severity: z
    .enum(['bad', 'warning'])
    .describe('bad: logs are not taken in, kept, or looked at; warning: that may become so'),
  title: z.string(),
  titleJa: z.string(),
  advice: z.string().describe('What to do'),
  adviceJa: z.string(),
  detail: z.string().optional().describe('As the part itself told it, in English'),
  memberIds: z.array(z.string()).readonly().optional().describe('Whom it concerns'),
});
export type StatusProblem = z.infer<typeof problem>;

export const processStatus = z.object({
  id: z.string(),
  roles: z.array(z.enum(['intake', 'worker', 'correlator', 'api'])).readonly(),
  version: z.string(),
  host: z.string(),
  pid: count,
  startedAt: at,
  seenAt: at,
  rules: z.string().nullable().describe('Version of the rules it works with; null where it needs none'),
  cpu: z.number().describe('Share of one core in the last seconds'),
  memoryBytes: count,
  correlator: z
    .object({
      leads: z.boolean(),
      term: count.nullable(),
      groups: count.describe('Groups in the memory of correlation rules'),
    })
    .optional(),
});
export type ProcessStatus = z.infer<typeof processStatus>;

export const queueStatus = z.object({
  jobs: count.describe('Batches that wait or are being worked'),
  records: count,
  bytes: count,
  dead: count.describe('Batches set aside after their last attempt'),
  oldestMs: z.number().describe('Age of the oldest batch'),
});
export type QueueStatus = z.infer<typeof queueStatus>;

export const waitingStatus = z.object({
  memberId: z.string(),
  records: count,
  oldestHour: at.describe('Hour of receipt of the oldest'),
  leastMs: z.number().describe('The oldest has waited so long at least; queues tell members apart by the hour'),
  mostMs: z.number().describe('and so long at most'),
});
export type WaitingStatus = z.infer<typeof waitingStatus>;

export const centerStatus = z.object({
  at,
  problems: z.array(problem).readonly().describe('Gravest first; empty when all is well'),
  engines: z.object({
    store: z.enum(['sqlite', 'elasticsearch']),
    queue: z.enum(['sqlite', 'redis']),
    shared: z.boolean().describe('Several processes may divide the work'),
  }),
  processes: z
    .array(processStatus)
    .readonly()
    .nullable()
    .describe('Those that reported in the last 15 seconds, longest running first; null when they could not be asked'),
  queues: z
    .object({
      records: queueStatus,
      matches: queueStatus,
      memoryShare: z.number().describe('Of the memory that the queue may use; 0 where it has no such limit'),
      backlogShare: z.number().describe('Of what may wait before senders are turned away (intake.backlog)'),
    })
    .nullable()
    .describe('Null when the queue cannot be reached'),
  waiting: z.array(waitingStatus).readonly().describe('Records by member, longest waiting first'),
  correlator: z.object({
    lagMs: z.number().nullable().describe('Age of the oldest batch whose matches it has not seen'),
    leader: z.string().nullable().describe('Id of the process whose correlator leads'),
  }),
  store: storeHealth.extend({
    events: count.nullable().describe('Null when they could not be counted in time'),
    bytes: count.nullable(),
  }),
});
export type CenterStatus = z.infer<typeof centerStatus>;
