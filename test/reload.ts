/** Rules reloaded in a center that works: nothing lost, nothing raised twice, and a broken file takes nothing down. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { RulesReload } from '../src/api/parts.ts';
import type { Alert } from '../src/model/alert.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { addApiKey, addSource, drained, openTestCenter, type TestCenter } from './center.ts';

export const probe = (id: string, path: string, more = ''): string =>
  `title: Probe ${id}\nid: ${id}\nname: ${id}\nlogsource: { category: webserver }\n` +
  `detection: { s: { cs-uri-stem: ${path} }, condition: s }\nlevel: medium\n${more}`;
const burst = `title: Burst\nid: burst
correlation: { type: event_count, rules: [probe], group-by: [c-ip], timespan: 10m, condition: { gte: 20 }, generate: true }
level: high\n`;

/** A new folder with two rules, for the caller to remove. */
export async function rulesFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-rules-'));
  await writeFile(join(folder, 'probe.yml'), probe('probe', '/probe'));
  await writeFile(join(folder, 'burst.yml'), burst);
  return folder;
}

interface Running extends TestCenter {
  readonly folderOfRules: string;
  send(lines: readonly string[]): Promise<void>;
  api<T>(path: string, method?: 'GET' | 'POST'): Promise<{ status: number; body: T }>;
  alerts(): Promise<readonly string[]>;
}

/** Not long ago, and half an hour of one day: a rebuild looks back a day, and alerts are cut at midnight. */
const begin = (() => {
  const dayOf = (ms: number): number => Math.floor(ms / 86_400_000);
  const ms = Math.floor(Date.now() / 60_000) * 60_000 - 45 * 60_000;
  return dayOf(ms) === dayOf(ms + 30 * 60_000) ? ms : ms - 30 * 60_000;
})();
/** Hits on a path, each its own line, one every three seconds, by four addresses in turn. */
function hits(path: string, from: number, number: number): string[] {
  return Array.from({ length: number }, (_, index) => {
    const [, day, month, year, time] = /(\d\d) (\w{3}) (\d{4}) ([\d:]{8})/.exec(
      new Date(begin + (from + index) * 3_000).toUTCString(),
    ) as unknown as string[];
    return `192.0.2.${(from + index) % 4} - - [${day}/${month}/${year}:${time} +0000] "GET ${path}?${from + index} HTTP/1.1" 404 9 "-" "-"`;
  });
}

/** `environment`: settings of a center of its own, asked for each. */
export function reloadTests(environment: () => Record<string, string>): void {
  const opened: TestCenter[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const center of opened.splice(0)) await center.dispose();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  async function open(): Promise<Running> {
    const folderOfRules = await rulesFolder();
    folders.push(folderOfRules);
    const test = await openTestCenter({
      ...environment(),
      HINOMI_RULES_SHIPPED: 'false',
      HINOMI_RULES_FOLDERS: folderOfRules,
    });
    opened.push(test);
    const { store, intakeUrl, apiUrl } = test.center;
    const key = await addSource(store, 'minami-museum', 'web', 'web-access');
    const authorization = `Bearer ${await addApiKey(store, 'admin', 'all')}`;
    return Object.assign(test, {
      folderOfRules,
      async send(lines: readonly string[]) {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/plain' };
        const answer = await fetch(`${intakeUrl}/ingest`, { method: 'POST', headers, body: `${lines.join('\n')}\n` });
        expect(answer.status).toBe(202);
      },
      async api<T>(path: string, method: 'GET' | 'POST' = 'GET') {
        const answer = await fetch(`${apiUrl}/api/v1/${path}`, { method, headers: { authorization } });
        return { status: answer.status, body: (await answer.json()) as T };
      },
      async alerts() {
        await drained(test.center);
        const { items } = await store.find('alert', CENTER_SCOPE, { limit: 1_000 });
        const tell = ({ id, ruleId, count, firstSeenAt, lastSeenAt }: Alert): string =>
          [ruleId, id, count, firstSeenAt, lastSeenAt].join(' ');
        return items.map(tell).sort();
      },
    });
  }

  it('in the middle of a burst: the same alerts as without', { timeout: 60_000 }, async () => {
    const [still, moving] = [await open(), await open()];
    const lots = Array.from({ length: 30 }, (_, lot) => hits('/probe', lot * 20, 20));
    for (const lot of lots) await still.send(lot);
    const versions = new Set<string>();
    const reloads: Promise<void>[] = [];
    for (const [number, lot] of lots.entries()) {
      await moving.send(lot);
      // Fifteen of an address have come, twenty raise the alert: all of it lies in the memory that is handed over.
      if (number === 2) {
        await drained(moving.center);
        expect((await moving.api('rules/reload', 'POST')).status).toBe(200);
      }
      if (number % 6 !== 5) continue;
      await writeFile(join(moving.folderOfRules, `other-${number}.yml`), probe(`other-${number}`, '/elsewhere'));
      const reload = moving.api<RulesReload>('rules/reload', 'POST').then(({ status, body }) => {
        expect([status, body.removed, body.changed]).toEqual([200, [], []]);
        versions.add(body.version);
      });
      reloads.push(reload);
    }
    await Promise.all(reloads);
    expect(versions.size).toBeGreaterThan(1);
    const expected = await still.alerts();
    expect(expected.filter((text) => text.startsWith('burst'))).toHaveLength(4);
    expect(expected.reduce((sum, text) => sum + Number(text.split(' ')[2]), 0)).toBeGreaterThan(600);
    expect(await moving.alerts()).toEqual(expected);
  });

  it('new rules take new batches; what is broken stays as it was; a folder that is gone changes nothing', async () => {
    const center = await open();
    const { folderOfRules, api } = center;
    const put = (name: string, text: string): Promise<void> => writeFile(join(folderOfRules, name), text);
    await center.send([...hits('/probe', 0, 2), ...hits('/late', 2, 2)]);
    const rulesThatAlerted = async () => (await center.alerts()).map((text) => text.split(' ')[0]);
    expect(await rulesThatAlerted()).toEqual(['probe', 'probe']);

    await put('late.yml', probe('late', '/late'));
    await put('probe.yml', probe('probe', '/probe').replace('condition: s', 'condition: t'));
    const first = await api<RulesReload>('rules/reload', 'POST');
    expect(first).toMatchObject({
      status: 200,
      body: { rules: 2, correlations: 1, added: ['late'], removed: [], changed: [] },
    });
    expect(first.body.keptOld.map(({ rules }) => rules)).toEqual([['probe']]);
    const problems = await api<{ items: { file: string; message: string }[] }>('rules/problems');
    expect(problems.body.items.map(({ message }) => message)).toEqual([
      expect.stringContaining('stays in force'),
      expect.stringContaining('"t"'),
    ]);
    // Only what comes from now on: the rule has not looked at what is stored. The broken one works as before.
    await center.send([...hits('/late', 4, 1), ...hits('/probe', 5, 1)]);
    expect(await rulesThatAlerted()).toEqual(['late', 'probe', 'probe']);

    await put('probe.yml', probe('probe', '/other'));
    await rm(join(folderOfRules, 'late.yml'));
    expect((await api<RulesReload>('rules/reload', 'POST')).body).toMatchObject({
      ...{ rules: 1, removed: ['late'], changed: ['probe'], keptOld: [], problems: [] },
    });
    await rename(folderOfRules, `${folderOfRules}-away`);
    folders.push(`${folderOfRules}-away`);
    const failed = await api<{ type: string; detail: string }>('rules/reload', 'POST');
    expect(failed).toMatchObject({ status: 409, body: { type: 'about:blank#not-reloaded' } });
    expect(failed.body.detail).toContain(folderOfRules);
    await center.send([...hits('/late', 6, 4), ...hits('/probe', 10, 4), ...hits('/other', 14, 4)]);
    // Four addresses, each its own alert of the changed rule.
    expect((await rulesThatAlerted()).filter((id) => id === 'probe')).toHaveLength(4);
    expect((await rulesThatAlerted()).filter((id) => id === 'late')).toHaveLength(1);

    const audit = await api<{ items: { action: string; actor: string; after: object }[] }>('audit?action=rules.reload');
    expect(audit.body.items).toMatchObject([
      { actor: expect.stringMatching(/^key:/), before: { rules: 2 }, after: { rules: 1, removed: 1, changed: 1 } },
      { before: { rules: 1 }, after: { rules: 2, added: 1, keptOld: [join(folderOfRules, 'probe.yml')] } },
    ]);
  });
}
