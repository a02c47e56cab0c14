/** A process that takes jobs and never finishes them, to be killed: `REDIS_URL PREFIX LEASE_MS`. Prints each id that it holds. */
import { openBullmqQueue } from '../src/queue/bullmq.ts';

const [url, prefix, leaseMs] = process.argv.slice(2) as [string, string, string];
const { queue } = await openBullmqQueue({ url, name: 'records', prefix });
queue.work(
  (jobs) => {
    for (const { id } of jobs) process.stdout.write(`${id}\n`);
    return new Promise(() => {});
  },
  { maxJobs: 5, maxBytes: 1_000_000, leaseMs: Number(leaseMs), maxAttempts: 3 },
);
