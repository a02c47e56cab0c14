import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Io } from './io.ts';
import { rulesReload } from './rules-reload.ts';

const sound = { version: 'abc', rules: 3, correlations: 1, added: ['r3'], removed: [], changed: ['r1'], keptOld: [] };
let server: Server;
let url: string;
let answer: { status: number; body: object };
let asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const told = { out: '', err: '' };
  asked = [];
  const io = {
    out: (text: string) => {
      told.out += `${text}\n`;
    },
    err: (text: string) => {
      told.err += `${text}\n`;
    },
    env: { HINOMI_KEY: 'hnm_key' },
    signal: new AbortController().signal,
  } as unknown as Io;
  return { status: await rulesReload(args, io), ...told };
}

test('tells what is in force now', async () => {
  answer = { status: 200, body: { ...sound, problems: [{ severity: 'warning', text: 'a.yml:1:1: odd' }] } };
  expect(await run('--to', url)).toEqual({
    status: 0,
    out: '3 rules and 1 correlation in force, set abc: 1 added, 1 changed, 0 removed\n',
    err: '',
  });
  expect(asked).toEqual(['POST /api/v1/rules/reload Bearer hnm_key']);
});

test('errors in files are a finding; what was kept is named', async () => {
  const keptOld = [{ file: 'a.yml', since: '2026-11-20T00:00:00.000Z', rules: ['r1', 'r2'] }];
  answer = { status: 200, body: { ...sound, keptOld, problems: [{ severity: 'error', text: 'a.yml:1:1: wrong' }] } };
  const { status, err } = await run('--to', url);
  expect(status).toBe(1);
  expect(err).toBe('a.yml:1:1: wrong\na.yml: left as it was read at 2026-11-20T00:00:00.000Z, with 2 in force\n');
});

test('a refusal says why, and so does a center that is not there', async () => {
  answer = { status: 409, body: { title: 'The rules stay', detail: 'no folder' } };
  await expect(run('--to', url)).rejects.toThrow('the center answered 409: The rules stay: no folder');
  await expect(run('--to', 'http://127.0.0.1:1')).rejects.toThrow('no center answers at http://127.0.0.1:1');
});
