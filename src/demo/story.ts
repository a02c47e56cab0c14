/**
 * The attack that unfolds in the demo: one address tries the SSL-VPNs of three members, gets in at one with a maintenance account
 * that an outside company shares, signs in to a server, installs a service there and clears the log. Times in the city's clock.
 */
import type { DemoMember } from './city.ts';
import { vpnFailure, vpnUp } from './logs/fortigate.ts';
import { logCleared, logon, serviceInstalled } from './logs/windows.ts';
import { createRandom } from './random.ts';

export interface StoryStep {
  /** Since the demo's beginning, in the city's time. */
  readonly atMs: number;
  readonly memberId: string;
  readonly source: string;
  readonly record: (stampMs: number) => string;
}

export const attacker = '203.0.113.66';
export const account = 'maint01';
const tunnelIp = '10.212.134.66';
const guesses = ['admin', 'test', 'vpn', 'guest', 'backup', account, 'support', 'scan'];

/** The members that are attacked; the first is the one that is entered. Needs a city of at least three members. */
export const victims = (city: readonly DemoMember[]): readonly DemoMember[] => city.slice(0, 3);

export function createStory(city: readonly DemoMember[], seed: number): readonly StoryStep[] {
  const [entered, ...others] = victims(city);
  if (entered === undefined || others.length < 2) return [];
  const random = createRandom(seed, 'story');
  const steps: StoryStep[] = [];
  for (const [turn, member] of [...others, entered].entries()) {
    for (let attempt = 0; attempt < 12; attempt++) {
      const user = guesses[attempt % guesses.length] as string;
      steps.push({
        atMs: 12_000 + turn * 11_000 + attempt * 800 + random.int(0, 400),
        memberId: member.id,
        source: 'vpn',
        record: (stampMs) => vpnFailure(member, stampMs, attacker, user),
      });
    }
  }
  const server = entered.servers[2]?.name ?? 'APP01';
  const later: [number, string, (stampMs: number) => string][] = [
    [52_000, 'vpn', (stampMs) => vpnUp(entered, stampMs, attacker, account, tunnelIp)],
    [64_000, 'servers', (stampMs) => logon(entered, server, stampMs, account, tunnelIp, 10)],
    [
      78_000,
      'servers',
      (stampMs) =>
        serviceInstalled(entered, server, stampMs, 'WinUpdateHelper', 'C:\\Users\\Public\\wuh.exe -k netsvcs'),
    ],
    [92_000, 'servers', (stampMs) => logCleared(entered, server, stampMs, account)],
  ];
  for (const [atMs, source, record] of later) steps.push({ atMs, memberId: entered.id, source, record });
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** When the last step has happened, in the city's time. */
export const storyEndsMs = 92_000;
