/**
 * Gives one Redis and one Elasticsearch to all suites of a run, each started when the first suite asks (test/services/needed.ts) and
 * never before: a run that asks for none pays for none. HINOMI_TEST_REDIS_URL and HINOMI_TEST_ELASTICSEARCH_URL name servers that run
 * already. Decides nothing about what a suite does without.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type ElasticsearchVersion, megabytesToFetch } from './distribution.ts';
import { prepareElasticsearch, startElasticsearch } from './elasticsearch.ts';
import { prepareRedis, startRedis } from './redis.ts';
import { MissingService, type Server } from './server.ts';

/** A server that all suites share. */
export type SharedService = 'redis' | 'elasticsearch';
/** What a suite may start for itself. */
export type OwnService = 'redis' | 'elasticsearch' | 'elasticsearch-full' | 'elasticsearch-8';
/** `missing`: the machine cannot. `failed`: it could, and it went wrong. */
export type Answer = { readonly url: string } | { readonly missing: string } | { readonly failed: string };

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where suites ask: `<services>/shared/<name>`, `<services>/own/<name>`. */
    readonly services: string;
  }
}

const given: Readonly<Record<SharedService, string | undefined>> = {
  redis: process.env.HINOMI_TEST_REDIS_URL,
  elasticsearch: process.env.HINOMI_TEST_ELASTICSEARCH_URL,
};
const start: Readonly<Record<SharedService, (folder: string) => Promise<Server>>> = {
  redis: (folder) => startRedis({ folder }),
  elasticsearch: (folder) => startElasticsearch({ folder }),
};
const prepare: Readonly<Record<OwnService, () => Promise<unknown>>> = {
  redis: prepareRedis,
  elasticsearch: () => prepareElasticsearch(),
  'elasticsearch-full': () => prepareFurther('9.4.3', true),
  'elasticsearch-8': () => prepareFurther('8.19.21', false),
};

/** Beside the one that most suites use: fetched only for a run that asks for it, or must have all. */
async function prepareFurther(version: ElasticsearchVersion, full: boolean): Promise<void> {
  const megabytes = await megabytesToFetch(version, full);
  const { HINOMI_FETCH_SERVICES: fetch, HINOMI_REQUIRE_SERVICES: require } = process.env;
  if (megabytes > 0 && fetch !== '1' && require !== '1')
    throw new MissingService(`${megabytes} MB were not fetched yet; HINOMI_FETCH_SERVICES=1 fetches them, once`);
  await prepareElasticsearch(version, full);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const begun: { readonly folder: string; readonly server: Server }[] = [];

  async function share(name: SharedService): Promise<Answer> {
    const url = given[name];
    if (url) return { url };
    const folder = await mkdtemp(join(tmpdir(), `hinomi-${name}-`));
    try {
      const server = await start[name](folder);
      begun.push({ folder, server });
      return { url: server.url };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  const answers = new Map<string, Promise<Answer>>();
  function answer(path: string): Promise<Answer> | undefined {
    const [, key, kind, name = ''] = path.split('/');
    if (key !== secret) return undefined;
    const begin =
      kind === 'shared' && name in start
        ? () => share(name as SharedService)
        : kind === 'own' && name in prepare
          ? () => prepare[name as OwnService]().then(() => ({ url: '' }))
          : undefined;
    if (begin === undefined) return undefined;
    const asked =
      answers.get(path) ??
      begin().catch((error) => {
        const { message } = error as Error;
        return error instanceof MissingService ? { missing: message } : { failed: message };
      });
    answers.set(path, asked);
    return asked;
  }

  // Whoever else is on this machine may not start servers by asking here.
  const secret = randomUUID();
  const desk = createServer((request, response) => {
    const asked = answer(request.url ?? '');
    if (asked === undefined) response.writeHead(404).end();
    else void asked.then((found) => response.end(JSON.stringify(found)));
  }).listen(0, '127.0.0.1');
  await once(desk, 'listening');
  desk.unref();
  project.provide('services', `http://127.0.0.1:${(desk.address() as AddressInfo).port}/${secret}`);

  return async () => {
    desk.close();
    desk.closeAllConnections();
    await Promise.all(answers.values());
    for (const { folder, server } of begun) {
      // Nobody will read its data: it need not be put away first.
      await server.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  };
}
