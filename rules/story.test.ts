/** The demo's attack, among the ordinary logs of its city: exactly these alerts, at exactly these members. */
import { expect, it } from 'vitest';
import { createCity } from '../src/demo/city.ts';
import { createStory, storyEndsMs, victims } from '../src/demo/story.ts';
import { secondOf } from '../src/demo/timeline.ts';
import { createWatch } from './watch.fixture.ts';

const sweep = [
  'Many accounts tried at an SSL-VPN from one address',
  'Many failed SSL-VPN logins from one address',
  'One address fails at the SSL-VPNs of several members',
];
const entry = [
  'An address that failed at the SSL-VPNs of several members got in',
  'Remote desktop logon with a maintenance account',
  'SSL-VPN login succeeded after many failures from the same address',
  'Service installed from a folder where users write, or with a command of a shell',
  'Suspicious service installed, then the event log cleared on the same host',
  'Windows event log cleared',
];

it.each([1, 7])('seed %i', (seed) => {
  const city = createCity(seed);
  const [entered, ...others] = victims(city);
  const story = createStory(city, seed);
  const types = new Map(
    city.flatMap(({ id, sources }) =>
      sources.map(({ name, type }) => [`${id}.${name}`, { member: id, dataset: type }]),
    ),
  );
  // Ten in the morning in Japan: at night the maintenance account would be an alert of its own.
  const startMs = Date.UTC(2026, 10, 24, 1);
  const watch = createWatch();
  for (let second = 0; second * 1000 <= storyEndsMs + 20_000; second++) {
    const receivedAt = new Date(startMs + (second + 1) * 1000).toISOString();
    for (const [sourceId, records] of secondOf({ city, seed, story }, second, (cityMs) => startMs + cityMs)) {
      const source = types.get(sourceId) as { member: string; dataset: string };
      watch.add(records.map((record) => ({ ...source, record, receivedAt })));
    }
  }
  expect(watch.raised()).toEqual(
    [
      ...sweep.map((title) => `${entered?.id}: ${title}`),
      ...entry.map((title) => `${entered?.id}: ${title}`),
      ...others.flatMap(({ id }) => sweep.map((title) => `${id}: ${title}`)),
    ].sort(),
  );
  const campaigns = watch.findings().flatMap(({ campaignKey }) => campaignKey ?? []);
  expect(new Set(campaigns).size).toBe(2);
});
