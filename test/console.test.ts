/**
 * The console in a real browser against a real center: what an analyst does all day, by keyboard; what a member must not see; what
 * hostile logs must not do; contrast and names of controls. Skipped where no Chromium is installed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Center, startCenter } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { buildConsole } from '../src/console/build.ts';
import { createCity } from '../src/demo/city.ts';
import { encodeText } from '../src/demo/encode.ts';
import { vpnFailure } from '../src/demo/logs/fortigate.ts';
import { play } from '../src/demo/play.ts';
import { settleCity } from '../src/demo/settle.ts';
import { victims } from '../src/demo/story.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { centerFacts, processOf } from '../src/status.fixture.ts';
import { findProblems } from '../src/status-problems.ts';
import { launchBrowser, noBrowser, noteWrongs, whyNoBrowser } from './browser.ts';
import { addUser, drained } from './center.ts';
import { audit } from './page-audit.ts';

const seed = 7;
const password = 'a lantern on the tower';
const city = createCity(seed);
const attacked = victims(city);
const [entered] = attacked;
const quiet = city.find((member) => !attacked.includes(member) && member.sources.some(({ name }) => name === 'vpn'));
if (entered === undefined || quiet === undefined) throw new Error('the city has no such members');

describe.skipIf(noBrowser)(`the console in a browser${whyNoBrowser}`, () => {
  let folder: string;
  let center: Center;
  let browser: Browser;
  let keys: ReadonlyMap<string, string>;
  /** What no page may do, gathered from all of them. */
  const wrongs: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-console-'));
    const config = loadConfig({
      env: { HINOMI_DATA_DIR: folder, HINOMI_API_PORT: '0', HINOMI_INTAKE_PORT: '0', HINOMI_LOG_LEVEL: 'fatal' },
    });
    center = await startCenter({ config, consoleFolder: await buildConsole(), version: 'test' });
    keys = await settleCity(center.store, city, new Date().toISOString());
    await addUser(center.store, 'kai', password, 'analyst');
    await addUser(center.store, 'mori', password, 'member', [entered.id]);
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

  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    noteWrongs(page, wrongs);
    page.on('request', (request) => {
      if (!request.url().startsWith(`${center.apiUrl}/`)) wrongs.push(`asked for ${request.url()}`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('status of 401')) wrongs.push(message.text());
    });
    await page.goto(center.apiUrl + path);
    return page;
  }

  async function signIn(login: string, path = '/alerts', options: BrowserContextOptions = {}): Promise<void> {
    await open(path, options);
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('.shell').waitFor();
  }

  const rows = () => page.locator('.table-alerts tbody tr');
  const focusedRow = () => page.evaluate(() => document.activeElement?.closest('tr')?.getAttribute('data-row') ?? '');
  const alertOf = async (id: string) => {
    const found = await center.store.get('alert', CENTER_SCOPE, id);
    if (found === undefined) throw new Error(`no alert ${id}`);
    return found;
  };

  async function ingest(sourceId: string, lines: readonly string[]): Promise<void> {
    const answer = await fetch(`${center.intakeUrl}/ingest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.get(sourceId)}`, 'content-type': 'text/plain' },
      body: encodeText(`${lines.join('\n')}\n`, 'utf-8') as BodyInit,
    });
    expect(answer.status).toBe(202);
    await drained(center);
  }

  it('lets nobody in with a wrong password, and shows a quiet queue to who is', async () => {
    await open('/alerts');
    await page.locator('input[name=login]').fill('kai');
    await page.locator('input[name=password]').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'ログイン名かパスワード' }).waitFor();
    await page.locator('input[name=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.getByText('未確認のアラートはありません').waitFor();
    expect(await page.title()).toContain('アラート');
  });

  it('shows alerts as they arrive, and is worked by keyboard alone', { timeout: 120_000 }, async () => {
    await signIn('kai');
    await page.getByText('未確認のアラートはありません').waitFor();
    const begin = Date.now() - 300_000;
    await play({
      ...{ intakeUrl: center.intakeUrl, city, seed, keys, speed: 1e6, story: true, untilSecond: 100 },
      progressFile: join(folder, 'progress.json'),
      signal: new AbortController().signal,
      stamp: (cityMs) => begin + cityMs,
    });
    await drained(center);
    const { new: raised } = await center.store.count('alert', CENTER_SCOPE, 'status');
    expect(raised).toBeGreaterThan(10);
    await expect.poll(() => rows().count(), { timeout: 15_000 }).toBe(raised);

    // The cursor moves with j and k, and takes the focus along.
    for (const key of ['j', 'j', 'k', 'j']) await page.keyboard.press(key);
    const second = await rows().nth(1).getAttribute('data-row');
    expect(await focusedRow()).toBe(second);

    // What arrives now is announced, and moves nothing under the cursor.
    const before = await rows().count();
    const stampMs = Date.now();
    await ingest(
      `${quiet.id}.vpn`,
      Array.from({ length: 20 }, (_, at) =>
        vpnFailure(quiet, stampMs - 20_000 + at * 500, '198.51.100.23', `user${at}`),
      ),
    );
    await page.locator('.fresh').waitFor();
    expect(await focusedRow()).toBe(second);
    expect(await rows().count()).toBe(before);
    await page.keyboard.press('.');
    await expect.poll(() => rows().count()).toBeGreaterThan(before);

    // Enter opens beside the list, a acknowledges, u takes it back, c asks for a verdict.
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.locator('.panel .event-list li').first().waitFor();
    const id = new URL(page.url()).searchParams.get('alert') ?? '';
    await page.keyboard.press('a');
    await expect.poll(async () => (await alertOf(id)).status).toBe('acknowledged');
    expect(await alertOf(id)).toMatchObject({ assignee: 'kai' });
    await page.locator('.toast button', { hasText: '元に戻す' }).waitFor();
    await page.keyboard.press('u');
    await expect.poll(async () => (await alertOf(id)).status).toBe('new');
    expect(await alertOf(id)).toMatchObject({ assignee: null });
    await page.locator('.toast', { hasText: '元に戻しました' }).waitFor();
    await page.keyboard.press('c');
    await page.locator('dialog input[value=benign]').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await alertOf(id)).closeReason).toBe('false-positive');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.panel').count()).toBe(0);

    // x selects, Shift+A acknowledges what is selected.
    const picked: string[] = [];
    for (let times = 0; times < 3; times++) {
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      picked.push(await focusedRow());
    }
    await page.keyboard.press('Shift+A');
    await expect
      .poll(async () => (await Promise.all(picked.map(alertOf))).map(({ status }) => status))
      .toEqual(['acknowledged', 'acknowledged', 'acknowledged']);

    // e takes over, and leads to the incident.
    await page.keyboard.press('j');
    const taken = await alertOf(await focusedRow());
    await page.keyboard.press('e');
    await page.waitForURL(`**/incidents/${taken.incidentId}`);
    const incident = await center.store.get('incident', CENTER_SCOPE, taken.incidentId as string);
    expect(incident).toMatchObject({ status: 'in-progress', assignee: 'kai' });

    // ? shows the keys, Escape closes; g s goes to the search.
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.waitForURL('**/search');
  });

  it('shows a campaign with a lane for each member, in order of time', async () => {
    await signIn('kai', '/incidents');
    await page.locator('.table-cases a').first().click();
    await page.waitForURL('**/campaigns/*');
    await page.locator('.lane-label').first().waitFor();
    const lanes = await page.locator('.lane-label').allTextContents();
    expect([...lanes].sort()).toEqual(attacked.map((member) => member.name).sort());
    const times = await page
      .locator('.timeline time[datetime]')
      .evaluateAll((all) =>
        all
          .filter((time) => time.closest('.timeline-time') !== null)
          .map((time) => time.getAttribute('datetime') ?? ''),
      );
    expect(times.length).toBeGreaterThan(10);
    expect(times).toEqual([...times].sort());
    await page.keyboard.press('m');
    await page.keyboard.type('Called the hospital.');
    await page.keyboard.press('Control+Enter');
    await page.locator('.comments .comment-text', { hasText: 'Called the hospital.' }).waitFor();
  });

  it('searches, and takes a value over into the query; the address can be passed on', async () => {
    await signIn('kai', '/search');
    await page.keyboard.press('/');
    await page.keyboard.type('user.name:maint01');
    await page.keyboard.press('Enter');
    await page.waitForURL('**q=user.name%3Amaint01**');
    await page.locator('.list-body[aria-busy=false] .table-events tbody tr').first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const host = page.locator('.event-fields summary', { hasText: entered.id }).first();
    await host.click();
    await page.getByRole('button', { name: 'この値で絞り込む' }).click();
    await page.waitForURL('**AND**');
    const shared = page.url().slice(center.apiUrl.length);
    await page.locator('.list-body[aria-busy=false] .table-events tbody tr').first().waitFor();
    const found = await page.locator('.table-events tr[data-row]').count();
    await page.context().close();
    await signIn('kai', shared);
    await expect.poll(() => page.locator('.table-events tr[data-row]').count()).toBe(found);
    await page.locator('.query-box input').fill('user.name:(');
    await page.keyboard.press('Enter');
    await page.locator('#query-error').filter({ hasText: '検索式を読めません' }).waitFor();
    wrongs.splice(0, wrongs.length, ...wrongs.filter((wrong) => !wrong.includes('status of 400')));
  });

  it('shows a member its own part and no trace of the others', async () => {
    await signIn('mori', '/alerts?status=any');
    await expect.poll(() => page.locator('.alerts').textContent()).toContain('maint01');
    const others = city.filter((member) => member !== entered);
    const pages = [
      '/alerts?status=any',
      '/incidents?status=any',
      '/search',
      '/members',
      '/rules',
      `/members/${entered.id}`,
    ];
    const [incident] = (await center.store.find('incident', { members: [entered.id] }, { limit: 1 })).items;
    for (const path of [...pages, `/incidents/${incident?.id}`]) {
      await page.goto(center.apiUrl + path);
      await page.locator('main table, main article').first().waitFor();
      const shown = await page.content();
      for (const { id, name } of others) {
        expect(shown, path).not.toContain(name);
        expect(shown, path).not.toContain(id);
      }
      expect(await page.locator('a[href^="/campaigns"]').count(), path).toBe(0);
      expect(await page.getByText('横断').count(), path).toBe(0);
    }
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL(`**/members/${entered.id}`);
  });

  it('shows hostile log content as text', async () => {
    const evil = `<img src=x onerror=alert(1)>\u202Egpj`;
    await ingest(`${quiet.id}.vpn`, [vpnFailure(quiet, Date.now(), '198.51.100.99', evil)]);
    await signIn('kai', '/search?q=198.51.100.99');
    await page.locator('.table-events .row-toggle').first().click();
    await page.getByText('<img src=x onerror=alert(1)>[U+202E]gpj').first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
  });

  it('tells how the center is, at once when something breaks, and to its own people only', async () => {
    await signIn('kai');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.waitForURL('**/status');
    const headline = page.locator('.status-headline h2');
    await headline.waitFor();
    // The disk of whoever runs this may be nearly full, and the page is to say so.
    const { problems, processes } = await (await page.request.get(`${center.apiUrl}/api/v1/status`)).json();
    expect(problems.filter(({ code }: { code: string }) => code !== 'store-disk-low')).toEqual([]);
    expect(await headline.textContent()).toMatch(problems.length === 0 ? /^すべて正常$/ : /注意 1 件$/);
    await page.getByText('1 つのプロセスがすべての役割を担っています').waitFor();
    await page.getByText(`${processes[0].host} · ${process.pid}`).waitFor();

    const late = { jobs: 9, records: 900, bytes: 9_000, dead: 0, oldestMs: 400_000 };
    const facts = centerFacts({
      processes: [processOf(['intake', 'api']), processOf(['correlator'])],
      queues: { records: late, matches: { ...late, oldestMs: 0 }, memoryShare: 0.7, backlogShare: 0.1 },
      waiting: [
        { memberId: quiet.id, records: 900, oldestHour: new Date().toISOString(), leastMs: 0, mostMs: 400_000 },
      ],
    });
    const broken = { ...facts, problems: findProblems(facts) };
    await page.route('**/api/v1/status', (route) => route.fulfill({ json: broken }));
    await page.locator('.status-problem').first().waitFor();
    expect(await headline.textContent()).toBe(`対応が必要です。問題 ${broken.problems.length} 件`);
    expect(await page.locator('.status-problem h3').first().textContent()).toContain(
      'ログを処理するプロセスがありません',
    );
    await page.locator('.status-concerns a', { hasText: quiet.name }).focus();
    expect(await page.locator('.table-processes tbody tr').count()).toBe(2);
    expect(await page.evaluate(audit)).toEqual([]);

    // What was known last stays in sight when the center does not answer.
    await page.route('**/api/v1/status', (route) => route.abort());
    await page.getByText('最新の状態を読めません').waitFor();
    expect(await page.locator('.table-processes tbody tr').count()).toBe(2);
    expect(await headline.count()).toBe(0);
    await page.context().close();

    await signIn('mori', '/status');
    await page.getByRole('alert').filter({ hasText: 'この操作の権限がありません' }).waitFor();
    expect(await page.locator('a[href="/status"]').count()).toBe(0);
    wrongs.splice(0, wrongs.length, ...wrongs.filter((wrong) => !/ERR_FAILED|status of 403/.test(wrong)));
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
  ] as const)(
    'is readable and has names for its controls: %s, %i wide',
    { timeout: 60_000 },
    async (colorScheme, width) => {
      await signIn('kai', '/alerts?status=any', { locale: 'en-US', colorScheme, viewport: { width, height: 800 } });
      const english = page.locator('.shell-tools button[lang=en]');
      if (await english.isVisible()) await english.click();
      await rows().first().waitFor();
      const [campaign] = (await center.store.find('campaign', CENTER_SCOPE, { limit: 1 })).items;
      const alert = await rows().first().getAttribute('data-row');
      for (const path of [
        `/alerts?status=any&alert=${alert}`,
        '/incidents?status=any',
        `/campaigns/${campaign?.id}`,
        '/search',
        '/members',
        `/members/${entered.id}`,
        '/rules',
        '/status',
      ]) {
        await page.goto(center.apiUrl + path);
        await page.locator('main table:visible, main article, .panel h2').first().waitFor();
        expect(await page.evaluate(audit), path).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
      }
    },
  );
});
