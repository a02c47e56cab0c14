/** What every store must do, whatever it is built on. An adapter's test is one call of this. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { documentsContract } from './documents.contract.ts';
import { eventsContract } from './events.contract.ts';
import type { OpenedStore } from './store.fixture.ts';
import type { Store } from './store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

export function storeContract(name: string, open: (folder: string) => Promise<StoreUnderTest>): void {
  const opened = (): OpenedStore => {
    let folder: string;
    let under: StoreUnderTest | undefined;
    let store: Store;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hinomi-store-'));
      under = await open(folder);
      store = under.store;
    }, 60_000);
    afterAll(async () => {
      await under?.close();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);
    return {
      get store() {
        return store;
      },
      async reopen() {
        store = await (under as StoreUnderTest).reopen();
        return store;
      },
    };
  };
  // On servers that a busy machine runs beside the tests.
  describe(`store contract: ${name}`, { timeout: 60_000 }, () => {
    documentsContract(opened);
    eventsContract(opened);
  });
}
