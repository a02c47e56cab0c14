import { randomBytes } from 'node:crypto';
import { describe } from 'vitest';
import { openElasticsearchStore } from './elasticsearch.ts';
import { storeContract } from './store.contract.ts';

const url = process.env.HINOMI_TEST_ELASTICSEARCH_URL;

describe.skipIf(url === undefined)('elasticsearch', () => {
  storeContract('elasticsearch', async () => {
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    const open = () => openElasticsearchStore({ urls: [url as string], prefix, leaseMs: 800 });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      async close() {
        await store.close();
        await fetch(`${url}/${prefix}-*`, { method: 'DELETE' });
      },
    };
  });
});
