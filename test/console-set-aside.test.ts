/**
 * Batches that were set aside, from the queues' files to a person's button and back through the real center: what their logs hold is
 * then stored and raises its alert. Skipped where no Chromium is installed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Center, startCenter } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { buildConsole } from '../src/console/build.ts';
import { batchId, eventId, jobId } from '../src/ids.ts';
import type { Match } from '../src/model/alert.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import type { StatusProblem } from '../src/model/status.ts';
import { packFrame } from '../src/pipeline/frame.ts';
import type { Job } from '../src/queue/queue.ts';
import { openSqliteQueue } from '../src/queue/sqlite.ts';
import { launchBrowser, noBrowser, noteWrongs, whyNoBrowser } from './browser.ts';
import { addSource, addUser, drained } from './center.ts';
import { audit } from './page-audit.ts';

const password = 'a lantern on the tower';
const hostile = `<img src=x onerror=alert(1)>\u202Egpj ${'x'.repeat(1_500)}`;
const atMs = Date.now() - 3_600_000;
const receivedAt = new Date(atMs).toISOString();
const sudoRefused = '0fe29b69-1973-4a34-a2d3-af2c992383bf';

const found = batchId(jobId('minami.gate', 'found'), receivedAt);

/** Makes a queue's file in which these jobs failed for good. */
async function setAside(file: string, jobs: readonly (Job & { readonly error: string })[]): Promise<void> {
  const { queue, close } = await openSqliteQueue({ file });
  const stop = queue.work(async ([job]) => Promise.reject(new Error(jobs.find(({ id }) => id === job?.id)?.error)), {
    ...{ maxJobs: 1, maxBytes: 1, leaseMs: 10_000, maxAttempts: 1 },
  });
  await queue.push(jobs);
  await vi.waitFor(async () => expect((await queue.depth()).dead).toBe(jobs.length), 10_000);
  await stop();
  await close();
}

const quoted = (word: string): RegExp => new RegExp(`[「“]${word}[」”]`, 'u');

/** One record, which a rule matches. */
async function recordsJob(memberId: string, source: string, host: string, error: string) {
  const line = Buffer.from(
    `${receivedAt} ${host} sudo[7]: guest : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh`,
  );
  const body = await packFrame(line, [0, line.length]);
  const sourceId = `${memberId}.${source}`;
  const id = jobId(sourceId, host);
  return { id, memberId, sourceId, records: 1, receivedAt, head: '{"encoding":"utf-8"}', body, error };
}

describe.skipIf(noBrowser)(`batches that were set aside, in the console${whyNoBrowser}`, () => {
  let folder: string;
  let center: Center;
  let browser: Browser;
  const wrongs: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-set-aside-'));
    const away = 'source kita.gone is not there any more; add it again and retry the batch';
    await setAside(join(folder, 'queue', 'records.db'), [
      await recordsJob('kita', 'gone', 'orphan', away),
      await recordsJob('kita', 'gate', 'first', hostile),
      await recordsJob('minami', 'gate', 'second', 'the disk was full'),
    ]);
    const fields = { 'host.name': 'found', 'user.name': 'guest' };
    const of = { ruleId: sudoRefused, memberId: 'minami', sourceId: 'minami.gate', atMs, fields };
    const matches: readonly Match[] = [{ ...of, eventId: eventId(found, 0) }];
    await setAside(join(folder, 'queue', 'matches.db'), [
      {
        ...{ id: found, memberId: 'minami', sourceId: 'minami.gate', records: 1, receivedAt, head: '' },
        ...{ body: Buffer.from(JSON.stringify(matches)), error: 'no such rule' },
      },
    ]);
    const config = loadConfig({
      env: { HINOMI_DATA_DIR: folder, HINOMI_API_PORT: '0', HINOMI_INTAKE_PORT: '0', HINOMI_LOG_LEVEL: 'fatal' },
    });
    center = await startCenter({ config, consoleFolder: await buildConsole(), version: 'test' });
    for (const member of ['kita', 'minami']) await addSource(center.store, member, 'gate', 'linux-auth');
    await addUser(center.store, 'aoi', password, 'admin');
    await addUser(center.store, 'kai', password, 'analyst');
    await addUser(center.store, 'ren', password, 'auditor');
    browser = await launchBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await center?.close();
    await rm(folder, { recursive: true, force: true });
  });

  let page: Page;
  afterEach(async () => {
    await page?.context().close();
    expect(wrongs.splice(0)).toEqual([]);
  });

  async function signIn(login: string, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 900 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    noteWrongs(page, wrongs);
    await page.goto(`${center.apiUrl}/status`);
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('.set-aside').waitFor();
  }

  const rows = () => page.locator('.set-aside-list > li');
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  const retries = async () =>
    (await center.store.find('audit', CENTER_SCOPE, { where: { action: 'queue.retry' }, limit: 10 })).items.map(
      ({ actor, target, after }) => `${actor} ${target.id} ${after?.queue}`,
    );

  it('shows whose they are and why they failed, hostile words as text', async () => {
    await signIn('kai');
    await rows().first().waitFor();
    expect(await rows().count()).toBe(4);
    const evil = rows().filter({ hasText: 'onerror' });
    expect(await evil.locator('summary').textContent()).toContain('<img src=x onerror=alert(1)>[U+202E]gpj');
    expect((await evil.locator('summary').textContent())?.length).toBeLessThan(300);
    await evil.locator('summary').click();
    await evil.locator('pre').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await rows().filter({ hasText: '一致した記録' }).textContent()).toContain('no such rule');
    expect(await page.locator('.set-aside button').count()).toBe(0);
    expect(await page.locator('.set-aside').textContent()).toContain('再処理できるのは管理者です');
    await page.locator('.shell-foot a', { hasText: '処理不能 4 件' }).waitFor();
    await page.context().close();

    await signIn('ren');
    await page.getByText('一覧を見られるのは分析者と管理者です').waitFor();
    expect(await rows().count()).toBe(0);
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)('is readable, has names for its controls, and fits: %s, %i wide', async (colorScheme, width) => {
    await signIn('aoi', { colorScheme, viewport: { width, height: 900 } });
    await rows().first().waitFor();
    await page.locator('.set-aside summary').click();
    expect(await page.evaluate(audit)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.locator('.set-aside .section-head button').click();
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(audit)).toEqual([]);
  });

  it('puts back one, then all, by keyboard alone; they are worked, and it is on record', async () => {
    await signIn('aoi');
    // The advice names what is on the page.
    const { problems } = await (await page.request.get(`${center.apiUrl}/api/v1/status`)).json();
    const advised = problems.filter(({ code }: { code: string }) => code.endsWith('-dead'));
    expect(advised.length).toBe(2);
    for (const [language, name] of [
      ['en', 'advice'],
      ['ja', 'adviceJa'],
    ] as const) {
      const chosen = page.locator(`.shell-tools button[lang=${language}]`);
      if (await chosen.isVisible()) await chosen.click();
      await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
      const words = [page.locator('.set-aside h2'), rows().last().locator('button')];
      for (const word of await Promise.all(words.map((one) => one.textContent()))) {
        for (const problem of advised as readonly StatusProblem[]) expect(problem[name]).toMatch(quoted(word ?? ''));
      }
    }
    const head = await page.locator('.set-aside h2').textContent();

    await page.getByRole('button', { name: '再処理: minami、minami.gate' }).first().focus();
    const next = await rows().nth(3).textContent();
    expect(await rows().nth(2).textContent()).toContain('the disk was full');
    await page.keyboard.press('Enter');
    await page.locator('.toast', { hasText: '1 束をキューに戻しました' }).waitFor();
    expect(await rows().count()).toBe(3);
    expect(await page.evaluate(() => document.activeElement?.closest('li')?.textContent)).toBe(next);
    await expect
      .poll(() => center.records.state(jobId('minami.gate', 'second')), { timeout: 10_000 })
      .toMatchObject({ state: 'done' });

    // Escape leaves all as it was.
    await page.getByRole('button', { name: 'すべて再処理（3 束）' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('ログ: 2 束 · 一致した記録: 1 束').waitFor();
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('すべて再処理（3 束）');
    expect(await retries()).toEqual(['aoi minami.gate records']);

    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.toast', { hasText: '3 束をキューに戻しました' }).waitFor();
    await page.getByText('取り置いている束はありません').waitFor();
    expect(await focused()).toBe(head);
    await expect
      .poll(() => center.records.state(jobId('kita.gate', 'first')), { timeout: 10_000 })
      .toMatchObject({ state: 'done' });
    await expect.poll(() => center.matches.state(found), { timeout: 10_000 }).toMatchObject({ state: 'done' });
    expect((await retries()).sort()).toEqual([
      'aoi kita.gate records',
      'aoi kita.gone records',
      'aoi minami.gate matches',
      'aoi minami.gate records',
    ]);

    // What it lacked is there now.
    await addSource(center.store, 'kita', 'gone', 'linux-auth');
    await drained(center);
    const { items } = await center.store.find('alert', CENTER_SCOPE, { where: { ruleId: sudoRefused }, limit: 10 });
    const hosts = items.map(
      ({ memberId, entities }) => `${memberId} ${entities.find(({ field }) => field === 'host.name')?.value}`,
    );
    expect(hosts.sort()).toEqual(['kita first', 'kita orphan', 'minami found', 'minami second']);
  });
});
