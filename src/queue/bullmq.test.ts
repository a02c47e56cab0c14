import { randomUUID } from 'node:crypto';
import { openUnderTest } from '../../test/bullmq-queues.ts';
import { need } from '../../test/services/needed.ts';
import { queueContract } from './queue.contract.ts';

const services = await need('redis');

services.describe('bullmq', ({ redis, prefix }) => {
  queueContract('bullmq', () => openUnderTest({ url: redis, name: 'records', prefix: `${prefix}-${randomUUID()}` }));
});
