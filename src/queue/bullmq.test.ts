import { randomUUID } from 'node:crypto';
import { need } from '../../test/services/needed.ts';
import { openBullmqQueue } from './bullmq.ts';
import { queueContract } from './queue.contract.ts';

const services = await need('redis');

services.describe('bullmq', ({ redis, prefix }) => {
  queueContract('bullmq', async () => {
    const options = { url: redis, name: 'records', prefix: `${prefix}-${randomUUID()}` };
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
