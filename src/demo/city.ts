/**
 * The demo's city, invented from end to end: members, their sources, people, machines and addresses. Addresses are private or
 * from the documentation ranges. The same seed gives the same city.
 */
import type { Encoding, Member } from '../model/member.ts';
import { createRandom } from './random.ts';

export interface DemoSource {
  readonly name: string;
  readonly type: string;
  readonly encoding: Encoding;
  /** Ordinary records per minute of the city's time. */
  readonly perMinute: number;
}

export interface DemoMember {
  readonly id: string;
  readonly name: string;
  readonly kind: Member['kind'];
  readonly sources: readonly DemoSource[];
  readonly people: readonly string[];
  /** Desktops by person, in the same order. */
  readonly desktops: readonly { name: string; ip: string }[];
  readonly servers: readonly { name: string; ip: string }[];
  /** Address of its internet line. */
  readonly publicIp: string;
  readonly domain: string;
}

interface Plan {
  readonly id: string;
  readonly name: string;
  readonly kind: Member['kind'];
  readonly sources: readonly (readonly [name: string, type: string, perMinute: number, encoding?: Encoding])[];
}

const plans: readonly Plan[] = [
  {
    id: 'higashi-hospital',
    name: '火見市東病院',
    kind: 'hospital',
    sources: [
      ['vpn', 'fortinet-fortigate', 90],
      ['servers', 'windows-event', 80],
      ['web', 'web-access', 60],
    ],
  },
  {
    id: 'art-museum',
    name: '火見市美術館',
    kind: 'museum',
    sources: [
      ['vpn', 'fortinet-fortigate', 40],
      ['web', 'web-access', 90],
    ],
  },
  {
    id: 'waterworks',
    name: '火見市水道局',
    kind: 'utility',
    sources: [
      ['vpn', 'fortinet-fortigate', 50],
      ['servers', 'windows-event', 60],
      ['linux', 'linux-auth', 20],
    ],
  },
  {
    id: 'kita-hospital',
    name: '火見市北病院',
    kind: 'hospital',
    sources: [
      ['vpn', 'fortinet-fortigate', 80],
      ['servers', 'windows-event', 90],
    ],
  },
  {
    id: 'city-university',
    name: '火見市立大学',
    kind: 'university',
    sources: [
      ['idp', 'shibboleth-idp', 90],
      ['web', 'web-access', 120],
      ['linux', 'linux-auth', 40],
    ],
  },
  {
    id: 'history-museum',
    name: '火見市歴史博物館',
    kind: 'museum',
    sources: [
      ['router', 'yamaha-rtx', 60],
      ['web', 'web-access', 70],
      ['desktops', 'windows-event', 40],
    ],
  },
  {
    id: 'exhibition-hall',
    name: '火見展示場',
    kind: 'exhibition-hall',
    sources: [
      ['router', 'yamaha-rtx', 60, 'shift_jis'],
      ['web', 'web-access', 80],
      ['linux', 'linux-auth', 20],
    ],
  },
  {
    id: 'culture-foundation',
    name: '火見文化財団',
    kind: 'foundation',
    sources: [
      ['router', 'yamaha-rtx', 50],
      ['desktops', 'windows-event', 50],
    ],
  },
];

const familyNames = [
  'sato',
  'suzuki',
  'takahashi',
  'tanaka',
  'ito',
  'yamamoto',
  'nakamura',
  'kobayashi',
  'kato',
  'yoshida',
];

/** The first `members` of the plan (1 to 8); the attacked ones come first. */
export function createCity(seed: number, members: number = plans.length): readonly DemoMember[] {
  return plans.slice(0, members).map((plan, index) => {
    const random = createRandom(seed, plan.id);
    const people = familyNames
      .map((name) => `${name}-${'abcdefghkmnrsty'[random.int(0, 14)]}`)
      .slice(0, random.int(6, 10));
    const prefix = plan.id.split('-')[0]?.slice(0, 5).toUpperCase() ?? 'M';
    return {
      id: plan.id,
      name: plan.name,
      kind: plan.kind,
      sources: plan.sources.map(([name, type, perMinute, encoding = 'utf-8']) => ({ name, type, perMinute, encoding })),
      people,
      desktops: people.map((_, person) => ({
        name: `${prefix}-PC${String(person + 1).padStart(2, '0')}`,
        ip: `10.${20 + index}.1.${10 + person}`,
      })),
      servers: ['AD', 'FILE', 'APP'].map((role, server) => ({
        name: `${prefix}-${role}01`,
        ip: `10.${20 + index}.0.${5 + server}`,
      })),
      publicIp: `198.51.100.${10 + index}`,
      domain: `${plan.id}.example.jp`,
    };
  });
}
