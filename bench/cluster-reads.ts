/** What an analyst waits for at the size of a large center: each page and search asked many times over HTTP, its times in order. */
import { setTimeout as pause } from 'node:timers/promises';
import { addSource } from '../test/center.ts';
import { quantile } from './center.ts';
import type { BenchCluster } from './cluster-center.ts';
import { alertId, incidentId, memberName, RARE_WORD } from './cluster-fill.ts';
import { drained, send, type WindowsLoad } from './cluster-share.ts';

export interface Read {
  readonly what: string;
  readonly path: (number: number) => string;
}

export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  readonly asked: number;
}

const DAY_MS = 86_400_000;

/** Each names another user, address or id every time, so that no cache of an answer flatters. */
export function readsOf(alerts: number, nowMs: number): readonly Read[] {
  const days = (count: number): string =>
    `since=${new Date(nowMs - count * DAY_MS).toISOString()}&until=${new Date(nowMs + 60_000).toISOString()}`;
  const search = (what: string, q: (number: number) => string, count: number): Read => ({
    what: `search, ${what}: \`${q(0)}\`, ${count === 1 ? 'one day' : `${count} days`}`,
    path: (number) => `events?limit=50&${days(count)}&q=${encodeURIComponent(q(number))}`,
  });
  const of = (number: number): number => (number * 7_919) % alerts;
  return [
    { what: 'alert queue: 100 new ones', path: () => 'alerts?limit=100&status=new' },
    {
      what: 'alert queue: one member, high and critical',
      path: (number) => `alerts?limit=100&level=high&level=critical&memberId=${memberName(number % 120)}`,
    },
    {
      what: 'alert queue: text of an entity',
      path: (number) => `alerts?limit=100&text=pc-${number % 120}-${1 + (number % 150)}`,
    },
    { what: 'alert queue: Japanese text', path: () => `alerts?limit=100&text=${encodeURIComponent('スプレー攻撃')}` },
    { what: 'counts by status and level', path: () => 'alerts/counts' },
    { what: 'one alert', path: (number) => `alerts/${alertId(of(number))}` },
    { what: 'incident page', path: (number) => `incidents/${incidentId(of(number))}` },
    search('a rare word', () => RARE_WORD, 6),
    search('a user', (number) => `user.name:user${number % 400}`, 6),
    search('an address', (number) => `source.ip:203.0.113.${1 + (number % 250)}`, 6),
    search('Japanese', () => '認証に失敗', 6),
    search('a common word', () => 'accept', 1),
    search('nothing found', (number) => `no-such-word-${number}`, 6),
    search(
      'what is left out',
      (number) => `event.action:deny AND NOT destination.port:443 AND NOT source.ip:10.${number % 120}.*`,
      1,
    ),
    search('a range', (number) => `network.bytes:>=${880_000 + number}`, 1),
    search('a beginning', (number) => `process.command_line:*-session* AND user.name:user${number % 400}`, 6),
    { what: 'events, newest 50 of one day', path: () => `events?limit=50&${days(1)}` },
    { what: 'histogram of one day', path: () => `events/histogram?${days(1)}` },
    {
      what: 'histogram of six days, one member',
      path: (number) => `events/histogram?${days(6)}&memberId=${memberName(number % 120)}`,
    },
  ];
}

/**
 * Warms each once, then asks them in turns, so that no read has its own cache alone, `rounds` times or as often as there is time for.
 * Throws what is no 200.
 */
export async function timeReads(
  cluster: BenchCluster,
  apiKey: string,
  reads: readonly Read[],
  rounds: number,
  limitMs: number,
): Promise<readonly Times[]> {
  const times: number[][] = reads.map(() => []);
  const url = `${cluster.of('api').url}/api/v1/`;
  const end = performance.now() + limitMs;
  for (let round = -1; round < rounds && (round < 1 || performance.now() < end); round++) {
    for (const [index, { path }] of reads.entries()) {
      const began = performance.now();
      const answer = await fetch(url + path(round + 1), { headers: { authorization: `Bearer ${apiKey}` } });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`${path(round + 1)}: ${answer.status} ${text.slice(0, 500)}`);
      if (round >= 0) (times[index] as number[]).push(performance.now() - began);
    }
  }
  return times.map((all) => ({
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    worst: Math.max(...all),
    asked: all.length,
  }));
}

/** Sends the load's batches evenly, `perSecond` records, until stopped; answers what came in a second. */
export function beginLoad(cluster: BenchCluster, load: WindowsLoad, perSecond: number): { stop(): Promise<number> } {
  let stopping = false;
  let records = 0;
  const began = performance.now();
  const running = (async () => {
    const key = await addSource(cluster.store, 'member-live', 'windows', 'windows-event');
    const each = load.records / load.bodies.length;
    for (let number = 0; !stopping; number++) {
      await send(cluster, key, [load.bodies[number % load.bodies.length] as Uint8Array]);
      records += each;
      await pause(Math.max(0, began + (records / perSecond) * 1_000 - performance.now()));
    }
  })();
  running.catch(() => undefined);
  return {
    async stop() {
      stopping = true;
      await running;
      const rate = records / ((performance.now() - began) / 1_000);
      await drained(cluster, 'records');
      return rate;
    },
  };
}
