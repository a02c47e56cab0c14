/** What the city's sources write, second by second. Every second of every source has its own stream of chance. */
import type { DemoMember, DemoSource } from './city.ts';
import { ordinaryFortigate } from './logs/fortigate.ts';
import { ordinaryLinux } from './logs/linux.ts';
import { ordinaryShibboleth } from './logs/shibboleth.ts';
import { ordinaryWeb } from './logs/web.ts';
import { ordinaryWindows } from './logs/windows.ts';
import { ordinaryYamaha } from './logs/yamaha.ts';
import { createRandom, type Random } from './random.ts';
import type { StoryStep } from './story.ts';

const ordinary: Readonly<Record<string, (member: DemoMember, random: Random, atMs: number) => string>> = {
  'fortinet-fortigate': ordinaryFortigate,
  'linux-auth': ordinaryLinux,
  'shibboleth-idp': ordinaryShibboleth,
  'web-access': ordinaryWeb,
  'windows-event': ordinaryWindows,
  'yamaha-rtx': ordinaryYamaha,
};

export interface TimelineOptions {
  readonly city: readonly DemoMember[];
  readonly seed: number;
  readonly story: readonly StoryStep[];
}

/** Source id -> its records of that second of the city's time. `stamp` turns city time into the time written into records. */
export function secondOf(
  options: TimelineOptions,
  second: number,
  stamp: (cityMs: number) => number,
): Map<string, string[]> {
  const records = new Map<string, string[]>();
  for (const member of options.city) {
    for (const source of member.sources) {
      records.set(`${member.id}.${source.name}`, ordinarySecond(options.seed, member, source, second, stamp));
    }
  }
  for (const step of options.story) {
    if (Math.floor(step.atMs / 1000) === second)
      records.get(`${step.memberId}.${step.source}`)?.push(step.record(stamp(step.atMs)));
  }
  return records;
}

function ordinarySecond(
  seed: number,
  member: DemoMember,
  source: DemoSource,
  second: number,
  stamp: (cityMs: number) => number,
): string[] {
  const make = ordinary[source.type];
  if (make === undefined) throw new Error(`the demo has no ordinary logs of ${source.type}`);
  const random = createRandom(seed, member.id, source.name, second);
  const exact = source.perMinute / 60;
  const count = Math.floor(exact) + (random.chance(exact % 1) ? 1 : 0);
  const times = Array.from({ length: count }, () => second * 1000 + random.int(0, 999)).sort((a, b) => a - b);
  return times.map((cityMs) => make(member, random, stamp(cityMs)));
}
