/** The store on Elasticsearch as the store's contract takes it. */
import { type ElasticsearchStoreOptions, openElasticsearchStore } from '../src/store/elasticsearch.ts';
import type { StoreUnderTest } from '../src/store/store.contract.ts';

export async function openUnderTest(given: ElasticsearchStoreOptions): Promise<StoreUnderTest> {
  const options = { ...given, leaseMs: 800 };
  let store = await openElasticsearchStore(options);
  return {
    store,
    async reopen() {
      await store.close();
      store = await openElasticsearchStore(options);
      return store;
    },
    close: () => store.close(),
  };
}
