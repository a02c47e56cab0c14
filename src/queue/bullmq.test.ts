import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { openBullmqQueue } from './bullmq.ts';
import { queueContract } from './queue.contract.ts';

const url = process.env.HINOMI_TEST_REDIS_URL;

const missing = url === undefined ? ' (no Redis: HINOMI_TEST_REDIS_URL is not set)' : '';

describe.skipIf(url === undefined)(`bullmq${missing}`, () => {
  queueContract('bullmq', async () => {
    const options = { url: url as string, name: 'records', prefix: `test-${randomUUID()}` };
    let host = await openBullmqQueue(options);
    return {
      queue: host.queue,
      async reopen() {
        await host.close();
        host = await openBullmqQueue(options);
        return host.queue;
      },
      dispose: () => host.close(),
    };
  });
});
