/** What every store must do, whatever it is built on. An adapter's test is one call of this. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { copyContract } from './copy.contract.ts';
import type { CopyableStore } from './copy.ts';
import { documentsContract } from './documents.contract.ts';
import { eventsContract } from './events.contract.ts';
import type { OpenedStore } from './store.fixture.ts';

export interface StoreUnderTest {
  readonly store: CopyableStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<CopyableStore>;
  close(): Promise<void>;
}

/** A server that is busy with other suites takes its time to make indices. */
const HOOK_MS = 60_000;

export function storeContract(name: string, open: (folder: string) => Promise<StoreUnderTest>): void {
  const opened = (): OpenedStore => {
    let folder: string;
    let under: StoreUnderTest | undefined;
    let store: CopyableStore;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hinomi-store-'));
      under = await open(folder);
      store = under.store;
    }, HOOK_MS);
    afterAll(async () => {
      try {
        await under?.close();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }, HOOK_MS);
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
    copyContract(opened);
  });
}
