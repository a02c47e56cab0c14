/** What `logsource` means: which events a rule looks at, by category, product and service; nothing else of it is evaluated. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { compileRules } from '../compile.ts';
import { matchAll } from '../linear.ts';
import { createMapping } from '../mapping.ts';
import { parseRules } from '../parse.ts';
import { parseMapping } from '../parse-mapping.ts';

const tables = [
  `product: windows
when: { channel: '*' }
services:
  system: { when: { channel: System } }
  firewall-as: { when: { channel: Firewall With Advanced Security } }
  sysmon: { when: { channel: Sysmon } }
categories:
  process_creation: [{ service: sysmon, when: { code: 1 } }, { when: { channel: Security, code: 4688 }, fields: { Image: newName } }]
fields: { Image: image }`,
  `product: linux
when: { dataset: linux }
services: { onelogin.events: { when: { app: onelogin } } }
categories: { process_creation: { when: { kind: exec } }, antivirus: { when: { kind: virus } } }`,
  `when: { dataset: scanner }
categories: { antivirus: { when: { kind: '*' } } }`,
];
const mapping = createMapping(
  tables.map((text, index) => {
    const { table, problems } = parseMapping(text, `${index}.yml`);
    if (table === undefined) throw new Error(problems.map(({ message }) => message).join());
    return table;
  }),
);

/** Whether a rule of this log source that asks for nothing looks at the event; its problems where it has some. */
function sees(logsource: string, event: Fields, detection = 's: { never: x }, condition: not s'): boolean | string {
  const set = parseRules(`title: T\nid: r\nlogsource: { ${logsource} }\ndetection: { ${detection} }`, 'r.yml');
  const engine = compileRules(set, mapping);
  const matched = engine.match(event).length === 1;
  expect(matchAll(set.rules, event, mapping).length === 1).toBe(matched);
  const messages = [...set.problems, ...engine.problems].map(({ message }) => message).join('; ');
  return messages === '' ? matched : messages;
}

const system = { channel: 'System', code: '1' };
const sysmon = { channel: 'SYSMON', code: 1 };
const audit = { channel: 'Security', code: '4688' };
const exec = { dataset: 'linux', kind: 'exec' };

describe.each<[sentence: string, rows: [logsource: string, event: Fields, expected: boolean][]]>([
  [
    'product: all logs of a product, whatever its services',
    [
      ['product: windows', system, true],
      ['product: windows', sysmon, true],
      ['product: windows', exec, false],
      ['product: linux', exec, true],
      ['product: windows', {}, false],
    ],
  ],
  [
    'service: some logs of a product',
    [
      ['product: windows, service: system', system, true],
      ['product: windows, service: system', sysmon, false],
      ['service: system', system, true],
      ['product: windows, service: firewall-as', { channel: 'Firewall with Advanced Security' }, true],
      ['product: linux, service: onelogin.events', { dataset: 'linux', app: 'OneLogin' }, true],
    ],
  ],
  [
    'category: logs of one kind, of every product and every source that has them',
    [
      ['category: process_creation', sysmon, true],
      ['category: process_creation', audit, true],
      ['category: process_creation', exec, true],
      ['category: process_creation', { channel: 'Sysmon', code: '3' }, false],
      ['category: process_creation', { channel: 'Security', code: '4689' }, false],
      ['category: antivirus', { dataset: 'scanner', kind: 'x' }, true],
      ['category: antivirus', { dataset: 'linux', kind: 'virus' }, true],
    ],
  ],
  [
    'category, product and service alone or in any combination: each narrows',
    [
      ['category: process_creation, product: windows', sysmon, true],
      ['category: process_creation, product: windows', exec, false],
      ['category: process_creation, product: windows, service: sysmon', sysmon, true],
      ['category: process_creation, product: windows, service: sysmon', audit, false],
      ['category: process_creation, service: sysmon', sysmon, true],
      // A table that names no product serves rules that name none.
      ['category: antivirus, product: linux', { dataset: 'scanner', kind: 'x' }, false],
    ],
  ],
  [
    'definition and other keys: for readers, not evaluated',
    [
      ["product: windows, definition: 'Requires auditing'", system, true],
      ['product: windows, definition: linux, vendor: any', exec, false],
    ],
  ],
])('log source, %s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (logsource, event, expected) => {
    expect(sees(logsource, event)).toBe(expected);
  });
});

test.each([
  ['product: Windows', 'is written in lower case'],
  ['product: solaris', 'no events here are of the log source product: solaris; the rule never matches'],
  ['service: system, product: linux', 'no events here are of the log source'],
  ['definition: x', 'at least one of product, category and service'],
  ['', 'at least one of product, category and service'],
])('log source, %s: %s', (logsource, expected) => {
  expect(sees(logsource, system)).toContain(expected);
});

test('log source, fields: names are those of the source that the event came from', () => {
  const rule = "s: { 'Image|endswith': '\\cmd.exe' }, condition: s";
  const creation = (event: Fields) => sees('category: process_creation, product: windows', event, rule);
  expect(creation({ ...sysmon, image: 'C:\\cmd.exe' })).toBe(true);
  expect(creation({ ...audit, newName: 'C:\\cmd.exe' })).toBe(true);
  expect(creation({ ...sysmon, newName: 'C:\\cmd.exe' })).toBe(false);
  expect(sees('product: windows', { ...audit, newName: 'C:\\cmd.exe' }, rule)).toBe(false);
});
