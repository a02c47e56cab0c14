import { describe, expect, it } from 'vitest';
import { centerFacts, processOf } from './status.fixture.ts';
import { type CenterFacts, findProblems } from './status-problems.ts';

const minute = 60_000;
const queues = (change: {
  readonly records?: object;
  readonly matches?: object;
  readonly memoryShare?: number;
  readonly backlogShare?: number;
}): Pick<CenterFacts, 'queues'> => {
  const { queues: idle } = centerFacts({});
  if (idle === null) throw new Error('the fixture has queues');
  return {
    queues: {
      ...idle,
      ...change,
      records: { ...idle.records, ...change.records },
      matches: { ...idle.matches, ...change.matches },
    },
  };
};
const store = (state: 'strained' | 'bad', reason: CenterFacts['store']['reason']): Pick<CenterFacts, 'store'> => ({
  store: { ...centerFacts({}).store, state, reason, detail: 'node b: 3 % are free; free some' },
});
const cluster = (...processes: ReturnType<typeof processOf>[]): Pick<CenterFacts, 'processes'> => ({ processes });
const leading = { correlator: { leads: true, term: 4, groups: 0 } };
const standing = { correlator: { leads: false, term: null, groups: 0 } };
const all = ['intake', 'worker', 'correlator', 'api'] as const;

describe('problems', () => {
  it.each<[string, Partial<CenterFacts>, readonly string[]]>([
    ['one process and nothing to do', {}, []],
    [
      'roles divided, one correlator in waiting',
      cluster(
        processOf(['intake', 'api'], { rules: null }),
        processOf(['worker']),
        processOf(['correlator'], leading),
        processOf(['correlator'], standing),
      ),
      [],
    ],
    ['no worker', cluster(processOf(['intake', 'correlator', 'api'], leading)), ['bad role-missing-worker']],
    ['nobody at all', cluster(), ['intake', 'worker', 'correlator', 'api'].map((role) => `bad role-missing-${role}`)],
    ['nobody leads', cluster(processOf(all, standing)), ['bad nobody-leads']],
    [
      'two versions',
      cluster(processOf(all, leading), processOf(['worker'], { version: '0.2.0' })),
      ['warning versions-differ'],
    ],
    [
      'two sets of rules',
      cluster(processOf(all, leading), processOf(['worker'], { rules: 'other' })),
      ['warning rules-differ'],
    ],
    ['a process without rules', cluster(processOf(all, leading), processOf(['intake'], { rules: null })), []],
    ['who runs is not known', { processes: null }, ['warning processes-unknown']],
    ['no queue, and so nobody known', { queues: null, processes: null }, ['bad queue-unreachable']],
    ['five minutes', queues({ records: { oldestMs: 5 * minute } }), []],
    ['more than five minutes', queues({ records: { oldestMs: 5 * minute + 1 } }), ['warning records-behind']],
    ['more than half an hour', queues({ records: { oldestMs: 31 * minute } }), ['bad records-behind']],
    ['late matches', queues({ matches: { oldestMs: 6 * minute } }), ['warning matches-behind']],
    [
      'dead batches',
      queues({ records: { dead: 1 }, matches: { dead: 2 } }),
      ['warning matches-dead', 'warning records-dead'],
    ],
    ['six tenths of the memory', queues({ memoryShare: 0.6 }), []],
    ['more', queues({ memoryShare: 0.61 }), ['warning queue-filling']],
    ['senders are turned away for memory', queues({ memoryShare: 0.8 }), ['bad queue-full']],
    ['much of the backlog', queues({ backlogShare: 0.9 }), ['warning queue-filling']],
    ['senders are turned away for the backlog', queues({ backlogShare: 1 }), ['bad queue-full']],
    ['a disk getting full', store('strained', 'disk-low'), ['warning store-disk-low']],
    ['a store that is away', store('bad', 'unreachable'), ['bad store-unreachable']],
    [
      'many at once, gravest first',
      {
        ...store('strained', 'disk-low'),
        ...queues({ records: { oldestMs: 6 * minute, dead: 3 } }),
        ...cluster(processOf(['intake', 'correlator', 'api'], standing)),
      },
      [
        'bad role-missing-worker',
        'bad nobody-leads',
        'warning store-disk-low',
        'warning records-behind',
        'warning records-dead',
      ],
    ],
  ])('%s', (_, change, expected) => {
    const found = findProblems(centerFacts(change));
    expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual(expected);
    for (const { title, titleJa, advice, adviceJa } of found) {
      expect(titleJa).toMatch(/[ぁ-ん]/);
      expect(adviceJa).toMatch(/[ぁ-ん].*。$/);
      expect(title).toMatch(/^[A-Z0-9]/);
      expect(advice).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('names whose records wait: those surely late, and those that may be the oldest', () => {
    const row = (memberId: string, leastMs: number, mostMs: number) => ({
      ...{ memberId, leastMs, mostMs, records: 5, oldestHour: '2026-11-20T01:00:00.000Z' },
    });
    const [problem] = findProblems(
      centerFacts({
        ...queues({ records: { oldestMs: 200 * minute } }),
        waiting: [
          row('kita', 150 * minute, 200 * minute),
          row('minami', 10 * minute, 70 * minute),
          row('higashi', 0, minute),
        ],
      }),
    );
    expect(problem).toMatchObject({
      memberIds: ['kita', 'minami'],
      title: 'Logs have waited 3 hours to be looked at',
      titleJa: 'ログが 3 時間処理を待っています',
    });
  });

  it('says what the store said of itself', () => {
    expect(findProblems(centerFacts(store('bad', 'disk-full')))).toMatchObject([
      { advice: 'Node b: 3 % are free; free some.', detail: 'node b: 3 % are free; free some' },
    ]);
  });

  it('counts processes by version', () => {
    const mixed = cluster(processOf(all, leading), processOf(['worker']), processOf(['worker'], { version: '0.2.0' }));
    expect(findProblems(centerFacts(mixed))[0]?.title).toContain('0.1.0 (×2), 0.2.0 (×1)');
  });
});
