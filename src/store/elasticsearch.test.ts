import { openUnderTest } from '../../test/elasticsearch-store.ts';
import { need } from '../../test/services/needed.ts';
import { removeAll } from './elasticsearch/events.fixture.ts';
import { storeContract } from './store.contract.ts';

const services = await need('elasticsearch');
services.describe('the store on Elasticsearch', ({ elasticsearch, prefix }) => {
  let number = 0;
  storeContract('elasticsearch', async () => {
    const options = { urls: [elasticsearch], prefix: `${prefix}-${number++}` };
    const under = await openUnderTest(options);
    return {
      ...under,
      async close() {
        await under.close();
        await removeAll(elasticsearch, options.prefix);
      },
    };
  });
});
