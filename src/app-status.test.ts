import { describe, expect, it } from 'vitest';
import { createCenterStatus, waitingByMember } from './app-status.ts';
import { loadConfig } from './config.ts';
import type { StoreHealth } from './model/status.ts';
import type { Depth } from './queue/queue.ts';
import { processOf } from './status.fixture.ts';
import type { Store } from './store/store.ts';

const minute = 60_000;
const nowMs = Date.parse('2026-11-20T03:10:00.000Z');
const idle: Depth = { jobs: 0, records: 0, bytes: 0, dead: 0, oldestMs: 0, bySource: [] };
const row = (memberId: string, receivedHour: string, records = 1, name = 'vpn') => ({
  ...{ sourceId: `${memberId}.${name}`, memberId, receivedHour: `2026-11-20T${receivedHour}:00:00.000Z`, records },
});

describe('waiting by member', () => {
  it.each<[string, Depth['bySource'], number, readonly [string, number, number, number][]]>([
    ['nobody', [], 0, []],
    ['one: its age is that of the oldest', [row('a', '03', 4)], minute, [['a', 4, minute, minute]]],
    [
      'two of one hour: either may be the oldest',
      [row('a', '03', 4), row('b', '03', 6)],
      2 * minute,
      [
        ['b', 6, 0, 2 * minute],
        ['a', 4, 0, 2 * minute],
      ],
    ],
    [
      'sources add up, the oldest hour counts',
      [row('a', '03'), row('a', '01', 2, 'web'), row('b', '02', 9)],
      100 * minute,
      [
        ['a', 3, 100 * minute, 100 * minute],
        ['b', 9, 10 * minute, 70 * minute],
      ],
    ],
  ])('%s', (_, bySource, oldestMs, expected) => {
    const waiting = waitingByMember({ ...idle, bySource, oldestMs }, nowMs);
    expect(waiting.map(({ memberId, records, leastMs, mostMs }) => [memberId, records, leastMs, mostMs])).toEqual(
      expected,
    );
  });
});

const config = loadConfig({ env: {} });
const good: StoreHealth = { state: 'good', reason: 'none', detail: '', diskFreeBytes: 6e10, diskTotalBytes: 1e11 };
const peer = processOf(['intake', 'worker', 'correlator', 'api'], { correlator: { leads: true, term: 2, groups: 0 } });
const never = (): Promise<never> => new Promise(() => undefined);

function center(change: {
  readonly depth?: () => Promise<Depth>;
  readonly all?: () => Promise<readonly (typeof peer)[]>;
  readonly health?: Store['health'];
  readonly stats?: Store['stats'];
}) {
  const { depth = async () => idle, all = async () => [peer] } = change;
  const store = {
    health: async () => good,
    stats: async () => ({ events: 7, bytes: 9, days: [] }),
    ...change,
  } as Partial<Store> as Store;
  const queue = { depth } as never;
  const engines = { store, records: queue, matches: queue, queueFill: async () => 0, peers: { all } as never };
  return createCenterStatus({ engines: { ...engines, shared: true }, config, patienceMs: 50 });
}

describe('the center', () => {
  it('is one picture of its parts', async () => {
    const other = { ...peer, id: 'late', correlator: { leads: true, term: 1, groups: 0 } };
    const status = await center({ depth: async () => ({ ...idle, oldestMs: 1500 }), all: async () => [other, peer] })();
    expect(status).toMatchObject({
      problems: [],
      engines: { store: 'sqlite', queue: 'sqlite' },
      correlator: { lagMs: 1500, leader: peer.id },
      store: { state: 'good', events: 7, bytes: 9 },
    });
    expect(status.queues?.records).not.toHaveProperty('bySource');
  });

  it('knows how near senders are to being turned away', async () => {
    const bytes = config.intake.backlog.maxBytes / 4;
    const records = config.intake.backlog.maxRecords / 2;
    const status = await center({ depth: async () => ({ ...idle, bytes, records }) })();
    expect(status.queues?.backlogShare).toBe(0.5);
  });

  it.each([
    ['is silent', never],
    [
      'fails',
      async () => {
        throw new Error('it is away');
      },
    ],
  ])('is shown as far as it answers, when every part %s', async (_, part) => {
    const status = await center({ depth: part, all: part, health: part, stats: part })();
    expect(status).toMatchObject({
      ...{ processes: null, queues: null, waiting: [] },
      correlator: { lagMs: null, leader: null },
      store: { state: 'bad', reason: 'unreachable', events: null, bytes: null },
    });
    expect(status.problems.map(({ code }) => code)).toEqual(['store-unreachable', 'queue-unreachable']);
  });

  it('asks the store once for all who look, and the queue anew for each', async () => {
    const asked = { health: 0, stats: 0, depth: 0 };
    const status = center({
      depth: async () => ({ ...idle, records: asked.depth++ }),
      health: async () => ({ ...good, diskFreeBytes: asked.health++ }),
      stats: async () => ({ events: asked.stats++, bytes: 0, days: [] }),
    });
    await Promise.all([status(), status(), status()]);
    await status();
    expect(asked).toEqual({ health: 1, stats: 1, depth: 8 });
  });

  it('asks the store again when it did not answer', async () => {
    let asked = 0;
    const status = center({
      stats: async () => {
        if (asked++ === 0) throw new Error('not now');
        return { events: 3, bytes: 0, days: [] };
      },
    });
    expect((await status()).store.events).toBeNull();
    expect((await status()).store.events).toBe(3);
  });
});
