import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { createMapping, type Mapping } from './mapping.ts';
import { parseRules } from './parse.ts';
import { parseMapping } from './parse-mapping.ts';
import { formatProblem, type LogSource } from './rule.ts';

const folder = new URL('../../rules/fields/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
const tables = files.map((name) => parseMapping(readFileSync(new URL(name, folder), 'utf8'), name));
const mapping = createMapping(tables.flatMap(({ table }) => (table === undefined ? [] : [table])));

const source = (text: string): LogSource => {
  const parts: Record<string, string> = Object.fromEntries(
    text.split(' ').map((part) => part.split(':') as [string, string]),
  );
  return { product: parts.product, category: parts.category, service: parts.service };
};
const sysmon = (id: string | number, more: Fields = {}): Fields => ({
  'winlog.channel': 'Microsoft-Windows-Sysmon/Operational',
  'event.code': id,
  ...more,
});
const security = (id: string, more: Fields = {}): Fields => ({
  'winlog.channel': 'security',
  'event.code': id,
  ...more,
});

test('the tables of the product have no problems', () => {
  expect(tables.flatMap(({ problems }) => problems.map(formatProblem))).toEqual([]);
  expect(files.length).toBe(6);
});

test.each<[string, Fields, boolean]>([
  ['product:windows', sysmon('1'), true],
  ['product:windows', { 'winlog.channel': 'Somebody/Own' }, true],
  ['product:windows', { 'event.code': '1' }, false],
  ['product:windows', { 'winlog.channel': ['Security'] }, false],
  ['product:windows category:process_creation', sysmon(1), true],
  ['product:windows category:process_creation', sysmon('11'), false],
  ['product:windows category:process_creation', security('4688'), true],
  ['product:windows category:process_creation', security('1'), false],
  ['category:process_creation', security('4688'), true],
  ['product:windows category:process_creation service:sysmon', security('4688'), false],
  ['product:windows service:security', security('5156'), true],
  ['product:windows category:registry_add', sysmon('12', { 'winlog.event_data.EventType': 'CreateKey' }), true],
  ['product:windows category:registry_add', sysmon('12', { 'winlog.event_data.EventType': 'DeleteKey' }), false],
  ['product:windows category:registry_delete', sysmon('12', { 'winlog.event_data.EventType': 'DeleteValue' }), true],
  [
    'category:antivirus',
    { 'winlog.channel': 'Microsoft-Windows-Windows Defender/Operational', 'event.code': '1116' },
    true,
  ],
  [
    'category:antivirus',
    { 'winlog.channel': 'Microsoft-Windows-Windows Defender/Operational', 'event.code': '5001' },
    false,
  ],
  ['product:linux category:process_creation', sysmon('1'), false],
  ['category:webserver', { 'event.dataset': 'web-access' }, true],
  ['product:windows', { 'event.dataset': 'web-access' }, false],
  ['product:apache category:webserver', { 'event.dataset': 'web-access' }, false],
  [
    'product:fortigate service:event',
    { 'event.dataset': 'fortinet-fortigate', 'fortinet.fortigate.type': 'event' },
    true,
  ],
  [
    'product:fortigate service:event',
    { 'event.dataset': 'fortinet-fortigate', 'fortinet.fortigate.type': 'traffic' },
    false,
  ],
  ['product:linux service:sshd', { 'event.dataset': 'linux-auth', 'process.name': 'sshd' }, true],
  ['product:linux service:auth', { 'event.dataset': 'linux-auth', 'process.name': 'su' }, true],
  ['product:shibboleth category:authentication', { 'event.dataset': 'shibboleth-idp' }, true],
  ['product:yamaha category:firewall', { 'event.dataset': 'yamaha-rtx' }, true],
])('%s sees %j: %s', (logsource, event, seen) => {
  expect(mapping.lens(source(logsource), event) !== undefined).toBe(seen);
});

test.each<[string, Fields, string, string]>([
  ['product:windows', sysmon('1'), 'Image', 'process.executable winlog.event_data.Image'],
  [
    'product:windows service:security',
    security('4688'),
    'NewProcessName',
    'process.executable winlog.event_data.NewProcessName',
  ],
  [
    'product:windows service:security',
    security('4624'),
    'TargetUserName',
    'user.name winlog.event_data.TargetUserName',
  ],
  ['product:windows service:security', security('1102'), 'TargetUserName', 'winlog.event_data.TargetUserName'],
  [
    'product:windows service:security',
    security('1102'),
    'SubjectUserName',
    'user.name winlog.event_data.SubjectUserName',
  ],
  ['product:windows service:security', security('4624'), 'User', 'winlog.event_data.User'],
  ['product:windows service:security', security('4656'), 'Image', 'winlog.event_data.Image'],
  ['product:windows', sysmon('6'), 'ImageLoaded', 'winlog.event_data.ImageLoaded'],
  ['product:windows', sysmon('1'), 'process.executable', 'process.executable'],
  ['product:windows', sysmon('1'), 'winlog.event_data.Hashes', 'winlog.event_data.Hashes'],
  ['product:windows', sysmon('1'), 'message', 'message'],
  ['product:windows', sysmon('1'), '@timestamp', '@timestamp'],
  ['product:fortigate', { 'event.dataset': 'fortinet-fortigate' }, 'tunneltype', 'fortinet.fortigate.tunneltype'],
])('%s on %j reads %s from %s', (logsource, event, field, expected) => {
  expect(mapping.lens(source(logsource), event)?.names(field).join(' ')).toBe(expected);
});

test('a category may rename fields for its own rules only', () => {
  const event = { 'winlog.channel': 'Microsoft-Windows-Windows Defender/Operational', 'event.code': '1116' };
  expect(mapping.lens(source('category:antivirus'), event)?.names('Signature')).toContain(
    'winlog.event_data.ThreatName',
  );
  expect(mapping.lens(source('product:windows'), event)?.names('Signature')).toEqual(['winlog.event_data.Signature']);
});

test('every field a name may mean, whatever the event', () => {
  expect(mapping.fields(source('product:windows service:security'), 'SubjectUserName')).toEqual([
    'user.name',
    'winlog.event_data.SubjectUserName',
  ]);
  expect(mapping.fields(source('product:nowhere'), 'x')).toEqual(['x']);
});

/** Conditions of the tables drive the events, so that classes are met often. */
const routedEvent = fc.record(
  {
    'winlog.channel': fc.constantFrom(
      'Security',
      'SECURITY',
      'Microsoft-Windows-Sysmon/Operational',
      'System',
      'Other',
      'Windows PowerShell',
      '',
    ),
    'event.code': fc.oneof(
      fc.constantFrom('1', '3', '11', '12', '104', '1102', '4624', '4688', 'x'),
      fc.constantFrom(1, 13, 4688),
    ),
    'winlog.event_data.EventType': fc.constantFrom('CreateKey', 'deletekey', 'x'),
    'event.dataset': fc.constantFrom('web-access', 'linux-auth', 'fortinet-fortigate', 'other'),
    'fortinet.fortigate.type': fc.constantFrom('event', 'traffic', 'x'),
    'process.name': fc.constantFrom('sshd', 'sudo', 'x'),
  },
  { requiredKeys: [] },
);
const sources = [
  'product:windows',
  'product:windows service:security',
  'product:windows category:process_creation',
  'product:windows category:registry_add',
  'category:webserver',
  'product:linux service:sudo',
  'product:fortigate service:event',
].map(source);

test('events of one class have the same lenses', () => {
  const lensesOf = new Map<number | string, string>();
  fc.assert(
    fc.property(routedEvent, (event) => {
      const lenses = sources.map((each) => mapping.lens(each, event)?.key ?? '-').join('\n');
      const known = lensesOf.get(mapping.classOf(event)) ?? lenses;
      lensesOf.set(mapping.classOf(event), known);
      expect(lenses).toBe(known);
    }),
    { numRuns: 500 },
  );
});

describe('a table of another kind', () => {
  const small = (text: string): Mapping => {
    const { table, problems } = parseMapping(text, 't.yml');
    expect(problems.map(formatProblem)).toEqual([]);
    return createMapping(table === undefined ? [] : [table]);
  };
  test('compiled and linear read the same places: the first that the event has', () => {
    const own = small(
      'product: p\nwhen: { kind: k }\notherwise: x.\nfields: { A: [a.one, a.two] }\nplaces: [{ when: { id: 7 }, fields: { A: a.seven } }]',
    );
    const set = parseRules(
      'title: T\nid: r\nlogsource: { product: p }\ndetection: { s: { A: hit }, condition: s }',
      'r.yml',
    );
    const engine = compileRules(set, own);
    for (const [event, expected] of [
      [{ kind: 'K', 'a.one': 'hit' }, true],
      [{ kind: 'k', 'a.one': 'no', 'a.two': 'hit' }, false],
      [{ kind: 'k', 'a.two': 'hit' }, true],
      [{ kind: 'k', 'x.A': 'hit' }, true],
      [{ kind: 'k', 'a.seven': 'hit' }, false],
      [{ kind: 'k', id: '7', 'a.seven': 'hit', 'a.one': 'no' }, true],
      [{ kind: 'j', 'a.one': 'hit' }, false],
    ] as [Fields, boolean][]) {
      expect([event, engine.match(event).length === 1]).toEqual([event, expected]);
      expect([event, matchAll(set.rules, event, own).length === 1]).toEqual([event, expected]);
    }
  });
  test('a rule whose log source no table knows is reported, not silent', () => {
    const set = parseRules(
      'title: T\nid: r\nlogsource: { product: q }\ndetection: { s: { A: hit }, condition: s }',
      'r.yml',
    );
    const { problems } = compileRules(set, small('product: p\nwhen: { kind: k }'));
    expect(problems.map(formatProblem)).toEqual([
      'r.yml:1:1: no events here are of the log source product: q; the rule never matches',
    ]);
  });
  test.each([
    ['product: p', '1:1: the table needs "when"'],
    ['when: {}\nfeilds: {}', '2:1: a table has no key "feilds" (did you mean "fields"?)'],
    [
      'when: {}\nservices: { security: {} }\nplaces: [{ service: securty }]',
      '3:10: there is no service "securty" in this table (did you mean "security"?)',
    ],
    ['when: []', '1:1: when must be a map'],
    ['when: {}\nfields: { A: [] }', '2:11: "A" needs the name'],
    ['- a', '1:1: a table of fields is one document'],
  ])('%j is refused', (text, expected) => {
    const { table, problems } = parseMapping(text, 't.yml');
    expect(table).toBeUndefined();
    expect(problems.map(formatProblem).join('\n')).toContain(`t.yml:${expected}`);
  });
});
