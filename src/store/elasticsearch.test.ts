import { need } from '../../test/services/needed.ts';
import { openElasticsearchStore } from './elasticsearch.ts';
import { removeAll } from './elasticsearch-events.fixture.ts';
import { storeContract } from './store.contract.ts';

const services = await need('elasticsearch');
services.describe('the store on Elasticsearch', ({ elasticsearch, prefix }) => {
  let number = 0;
  storeContract('elasticsearch', async () => {
    const options = { urls: [elasticsearch], prefix: `${prefix}-${number++}`, leaseMs: 800 };
    let store = await openElasticsearchStore(options);
    return {
      store,
      async reopen() {
        await store.close();
        store = await openElasticsearchStore(options);
        return store;
      },
      async close() {
        await store.close();
        await removeAll(elasticsearch, options.prefix);
      },
    };
  });
});
