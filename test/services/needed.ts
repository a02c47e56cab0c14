/**
 * What a suite says that needs a real Redis or Elasticsearch. Where the machine cannot, the suite is left out and its name says why
 * (the last lines of the run repeat it); with HINOMI_REQUIRE_SERVICES=1 its file fails instead.
 *
 *   const services = await need('redis', 'elasticsearch');
 *   services.describe('the cluster', ({ redis, elasticsearch, prefix }) => { … });
 */
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { describe, inject } from 'vitest';
import type { Answer, OwnService, SharedService } from './global.ts';

export interface Needed<Name extends string> {
  /** As vitest's describe, with the servers' addresses; no test of a suite that is left out sees them. */
  describe(name: string, body: (services: Readonly<Record<Name, string>> & { readonly prefix: string }) => void): void;
}

/**
 * Servers that all suites of the run share, started for the first that asks. A suite names all that it writes by its `prefix`
 * (lower-case letters and digits, another in each file), and counts on nothing outside of it: it must not flush, nor stop the server.
 */
export async function need<Name extends SharedService>(...names: readonly Name[]): Promise<Needed<Name>> {
  return await ask('shared', names);
}

/** The means to start servers of one's own with startRedis and startElasticsearch: for suites that stop, kill or fill them. */
export async function needOwn(...names: readonly OwnService[]): Promise<Needed<never>> {
  return await ask('own', names);
}

async function ask<Name extends string>(kind: 'shared' | 'own', names: readonly Name[]): Promise<Needed<Name>> {
  // At once: the one may start while the other does.
  const answers = await Promise.all(names.map((name) => fetchAnswer(`${inject('services')}/${kind}/${name}`)));
  const urls: Partial<Record<string, string>> = { prefix: `t${randomBytes(5).toString('hex')}` };
  const missing: string[] = [];
  names.forEach((name, index) => {
    const answer = answers[index] as Answer;
    if ('failed' in answer) throw new Error(`${name} could not be started: ${answer.failed}`);
    if ('missing' in answer) missing.push(`no ${name}: ${answer.missing}`);
    else urls[name] = answer.url;
  });
  const reason = missing.join('; ');
  if (missing.length > 0 && process.env.HINOMI_REQUIRE_SERVICES === '1')
    throw new Error(`this run must have all services (HINOMI_REQUIRE_SERVICES=1), but: ${reason}`);
  return {
    describe(name, body) {
      const suite = () => body(urls as Parameters<typeof body>[0]);
      if (missing.length > 0) describe.skip(`${name} (${reason})`, suite);
      else describe(name, suite);
    },
  };
}

/** Without a limit of time: the first start may fetch a distribution, and is itself limited. */
async function fetchAnswer(url: string): Promise<Answer> {
  return await new Promise((settle, fail) => {
    get(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('error', fail);
      response.on('end', () => {
        if (response.statusCode === 200) settle(JSON.parse(body) as Answer);
        else fail(new Error(`${url} answered ${response.statusCode}: no such service (test/services/global.ts)`));
      });
    }).on('error', fail);
  });
}
