import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createMapping } from '../detect/mapping.ts';
import { parseRules } from '../detect/parse.ts';
import { parseMapping } from '../detect/parse-mapping.ts';
import { createFeeders } from './feeders.ts';
import { ruleText } from './pack.fixture.ts';
import { judgeFitness } from './pack-fitness.ts';

const tableTexts = {
  'mail.yml':
    'product: mail\nwhen: { kind: mail }\nservices: { smtp: { when: { service: smtp } } }\nfields: { user: user.name, message: message }\n',
  'vpn.yml': 'product: vpn\nwhen: { kind: vpn }\notherwise: vpn.\n',
};
const mapping = createMapping(
  Object.entries(tableTexts).flatMap(([name, text]) => parseMapping(text, name).table ?? []),
);
const rule = (id: string, logsource: string, detection: string) =>
  parseRules(ruleText({ id, logsource, detection }), `${id}.yml`).rules;
const known = '{ s: { user: root }, condition: s }';
const smtp = '{ product: mail, service: smtp }';

test('log sources that no table routes, and those that no member sends', () => {
  const rules = [
    ...rule('a', '{ product: aws }', known),
    ...rule('b', '{ product: aws }', known),
    ...rule('c', '{ product: mail, service: imap }', known),
    ...rule('d', smtp, known),
    ...rule('e', '{ product: vpn }', known),
  ];
  const feeders = ({ product }: { product: string | undefined }) => (product === 'mail' ? ['postfix'] : ['gate']);
  expect(judgeFitness(rules, { mapping, feeders, sent: new Set(['gate']) })).toEqual({
    unrouted: [
      { source: 'aws', rules: 2 },
      { source: 'mail/imap', rules: 1 },
    ],
    unsent: [{ source: 'mail/smtp', rules: 1, connectors: ['postfix'] }],
    ...{ impossible: [], narrowed: [], fields: [] },
  });
  expect(judgeFitness(rules, { mapping, feeders: () => [], sent: new Set() }).unsent).toEqual([]);
  expect(judgeFitness(rules, { mapping, feeders, sent: undefined }).unsent).toBeUndefined();
});

test.each<[string, 'impossible' | 'narrowed' | 'fine', string]>([
  [smtp, 'fine', known],
  [smtp, 'fine', '{ s: [root], condition: s }'],
  [smtp, 'fine', '{ s: { source.ip: 192.0.2.1, message: x }, condition: s }'],
  ['{ product: vpn }', 'fine', '{ s: { zone: x }, condition: s }'],
  [smtp, 'impossible', '{ s: { zone: x }, condition: s }'],
  [smtp, 'impossible', '{ s: { zone: x, user: root }, condition: s }'],
  [smtp, 'impossible', '{ s: { user: root }, t: { zone: x }, condition: s and t }'],
  [smtp, 'impossible', '{ s: [{ zone: x }, { area|contains: y }], condition: s }'],
  [smtp, 'narrowed', '{ s: [{ zone: x }, { user: y }], condition: s }'],
  [smtp, 'narrowed', '{ s: { user: root }, t: { zone: x }, condition: s and not t }'],
  [smtp, 'narrowed', '{ s: { user: root }, t: { zone: x }, condition: 1 of them }'],
  [smtp, 'narrowed', '{ s: { zone: null, user: root }, condition: s }'],
  [smtp, 'narrowed', '{ s: { zone|exists: false }, condition: s }'],
])('in %s: %s: %s', (logsource, expected, detection) => {
  const found = judgeFitness(rule('r', logsource, detection), { mapping, feeders: () => [], sent: undefined });
  const [is = 'fine'] = (['impossible', 'narrowed'] as const).filter((word) => found[word].length > 0);
  expect(is).toBe(expected);
  expect(found.fields.map(({ field }) => field).includes('zone')).toBe(expected !== 'fine');
});

test('feeders: tables and known-good records tell which connector brings a log source', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-feeders-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'fields'));
  await mkdir(join(folder, 'quiet'));
  for (const [name, text] of Object.entries(tableTexts)) await writeFile(join(folder, 'fields', name), text);
  await writeFile(join(folder, 'quiet/postfix.log'), 'broken\nmail\n');
  await writeFile(join(folder, 'quiet/gate.log'), 'vpn\n');
  const feeders = await createFeeders([join(folder, 'nowhere'), folder], (_connector, record) => {
    if (record === 'broken') throw new Error('broken');
    return [{ kind: record }];
  });
  const source = (product: string | undefined, service?: string) => ({ product, service, category: undefined });
  expect(feeders(source('mail', 'smtp'))).toEqual(['postfix']);
  expect(feeders(source('vpn'))).toEqual(['gate']);
  expect(feeders(source('aws'))).toEqual([]);
});
