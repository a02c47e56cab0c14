/** From one adapter to the other and back: the contract of copying, with a store of each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { need } from '../../../test/services/needed.ts';
import { copyingContract, partContract } from '../copy.contract.ts';
import type { CopyableStore } from '../copy.ts';
import { openElasticsearchStore } from '../elasticsearch.ts';
import { openSqliteStore } from '../sqlite.ts';
import type { OpenedStore } from '../store.fixture.ts';

const HOOK_MS = 60_000;

/** Opened before the tests of a describe, and again on the same data when asked. */
function openStore(open: () => Promise<CopyableStore>, close: () => Promise<void>): OpenedStore {
  let store: CopyableStore;
  beforeAll(async () => {
    store = await open();
  }, HOOK_MS);
  afterAll(close, HOOK_MS);
  return {
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
  };
}

function openFiles(): OpenedStore {
  let folder: string;
  let close: () => Promise<void> = async () => undefined;
  return openStore(
    async () => {
      await close();
      folder ??= await mkdtemp(join(tmpdir(), 'hinomi-copy-'));
      const host = await openSqliteStore({ folder });
      close = host.close;
      return host.store;
    },
    async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  );
}

const services = await need('elasticsearch');
services.describe('copying from engine to engine', ({ elasticsearch, prefix }) => {
  let number = 0;
  function openServer(): OpenedStore {
    const options = { urls: [elasticsearch], prefix: `${prefix}-${number++}`, leaseMs: 800 };
    let store: CopyableStore;
    return openStore(
      async () => {
        store = await openElasticsearchStore(options);
        return store;
      },
      async () => {
        await store.close();
        await fetch(`${elasticsearch}/${options.prefix}-*`, { method: 'DELETE' });
      },
    );
  }
  describe('from files to servers', () => copyingContract(openFiles(), openServer()));
  describe('from servers to files', () => copyingContract(openServer(), openFiles()));
  describe('a part, from files to servers', () => partContract(openFiles(), openServer()));
  describe('a part, from servers to files', () => partContract(openServer(), openFiles()));
});
