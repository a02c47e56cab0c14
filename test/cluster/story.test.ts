/** The stories of the embedded center on Redis and Elasticsearch: the same assertions. */
import { afterAll } from 'vitest';
import { removeAll } from '../../src/store/elasticsearch/events.fixture.ts';
import { reloadTests } from '../reload.ts';
import { need } from '../services/needed.ts';
import { storyTests } from '../story.ts';
import { clusterEnvironment } from './processes.ts';

const services = await need('redis', 'elasticsearch');
services.describe('on Redis and Elasticsearch', ({ redis, elasticsearch, prefix }) => {
  let number = 0;
  const environment = (): Record<string, string> => clusterEnvironment(redis, elasticsearch, `${prefix}-${number++}`);
  afterAll(() => removeAll(elasticsearch, prefix));
  storyTests(environment);
  reloadTests(environment);
});
