/** The demo's story through the real app: intake, queue, connectors, rules, correlator, incidents, API. */
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createCity } from '../src/demo/city.ts';
import { play } from '../src/demo/play.ts';
import { settleCity } from '../src/demo/settle.ts';
import { victims } from '../src/demo/story.ts';
import type { Alert, Campaign, Incident } from '../src/model/alert.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { addApiKey, drained, openTestCenter, type TestCenter } from './center.ts';

const seed = 7;
const begin = Date.now() - 300_000;

/** By the time they were last seen. */
const alertsAtTheEntered = [
  'Many accounts tried at an SSL-VPN from one address',
  'Many failed SSL-VPN logins from one address',
  'One address fails at the SSL-VPNs of several members',
  'An address that failed at the SSL-VPNs of several members got in',
  'SSL-VPN login succeeded after many failures from the same address',
  'Remote desktop logon with a maintenance account',
  'Service installed from a folder where users write, or with a command of a shell',
  'Suspicious service installed, then the event log cleared on the same host',
  'Windows event log cleared',
];

/** `environment`: settings of a center of its own, asked for each. */
export function storyTests(environment: () => Record<string, string>): void {
  let test: TestCenter | undefined;
  afterEach(() => test?.dispose());

  async function run(story: boolean, untilSecond = 110): Promise<{ center: TestCenter['center']; records: number }> {
    test ??= await openTestCenter(environment());
    const { center, folder } = test;
    const city = createCity(seed);
    const keys = await settleCity(center.store, city, new Date().toISOString());
    const records = await play({
      intakeUrl: center.intakeUrl,
      city,
      seed,
      keys,
      speed: 1e6,
      progressFile: join(folder, 'progress.json'),
      story,
      signal: new AbortController().signal,
      untilSecond,
      stamp: (cityMs) => begin + cityMs,
    });
    await drained(center);
    return { center, records };
  }

  async function get<T>(url: string, key: string): Promise<T> {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status, url).toBe(200);
    return (await answer.json()) as T;
  }

  it('tells the story as one campaign over exactly the attacked members', { timeout: 90_000 }, async () => {
    const { center, records } = await run(true);
    const key = await addApiKey(center.store, 'analyst', 'all');
    const api = `${center.apiUrl}/api/v1`;
    const attacked = victims(createCity(seed)).map((member) => member.id);

    const campaigns = await get<{ items: Campaign[] }>(`${api}/campaigns`, key);
    expect(campaigns.items).toHaveLength(1);
    const campaign = campaigns.items[0] as Campaign;
    expect([...campaign.memberIds].sort()).toEqual([...attacked].sort());
    expect(campaign.level).toBe('critical');
    // The gravest rule across members gives the name, in both languages, though another one opened the campaign.
    expect(campaign).toMatchObject({
      title: 'An address that failed at the SSL-VPNs of several members got in',
      titleJa: '複数組織のSSL-VPNで失敗していたアドレスがログインに成功',
    });

    const incidents = await get<{ items: Incident[] }>(`${api}/incidents`, key);
    expect(incidents.items.map((incident) => incident.memberId).sort()).toEqual([...attacked].sort());
    expect(new Set(incidents.items.map((incident) => incident.campaignId))).toEqual(new Set([campaign.id]));

    const alerts = await get<{ items: Alert[] }>(`${api}/alerts?limit=1000`, key);
    expect(new Set(alerts.items.map((alert) => alert.memberId))).toEqual(new Set(attacked));
    const entered = alerts.items.filter((alert) => alert.memberId === attacked[0]);
    // One event may be the last of several alerts: the title decides between those.
    const order = [...entered]
      .sort((a, b) => a.lastSeenAt.localeCompare(b.lastSeenAt) || a.title.localeCompare(b.title, 'en'))
      .map((alert) => alert.title);
    expect(order).toEqual(alertsAtTheEntered);
    expect(alerts.items.filter((alert) => alert.titleJa === null)).toEqual([]);

    const ledger = await center.store.ledger(CENTER_SCOPE, {
      since: '2000-01-01T00:00:00Z',
      until: '2100-01-01T00:00:00Z',
    });
    const sum = (property: 'received' | 'events' | 'rejects' | 'refused'): number =>
      ledger.reduce((all, row) => all + row[property], 0);
    expect(sum('received')).toBe(records);
    expect(sum('events')).toBe(records);
    expect(sum('rejects')).toBe(0);

    // A member sees its own part, and nothing that says there is more.
    const memberKey = await addApiKey(center.store, 'member', [attacked[1] as string]);
    const own = await get<{ items: Incident[] }>(`${api}/incidents`, memberKey);
    expect(own.items.map((incident) => incident.memberId)).toEqual([attacked[1]]);
    expect(JSON.stringify(own)).not.toContain(campaign.id);

    // A restart raises nothing twice and goes on counting where it was.
    await test?.restart();
    const after = test?.center as TestCenter['center'];
    await drained(after);
    const again = await get<{ items: Alert[] }>(`${after.apiUrl}/api/v1/alerts?limit=1000`, key);
    const byId = (items: Alert[]) => new Map(items.map((alert) => [alert.id, alert.count]));
    expect(byId(again.items)).toEqual(byId(alerts.items));
  });

  it('raises nothing in a quiet city of the same seed', { timeout: 90_000 }, async () => {
    test = undefined;
    const { center } = await run(false);
    const found = await center.store.find('alert', CENTER_SCOPE, { limit: 10 });
    expect(found.items.map((alert) => alert.title)).toEqual([]);
    expect((await center.store.find('incident', CENTER_SCOPE, { limit: 10 })).items).toEqual([]);
    expect((await center.store.find('campaign', CENTER_SCOPE, { limit: 10 })).items).toEqual([]);
  });
}
