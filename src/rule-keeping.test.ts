import { expect, test } from 'vitest';
import { parseRules } from './detect/parse.ts';
import { createTextParser, type ParsedText } from './rule-build.ts';
import { compareRules } from './rule-difference.ts';
import { type FilesInForce, keepBroken, suspects, withKept } from './rule-keeping.ts';

const rule = (id: string, more = ''): string =>
  `title: T ${id}\nid: ${id}\nlogsource: { category: webserver }\ndetection: { s: { c-uri: /${id} }, condition: s }\n${more}\n`;
const broken = (id: string): string => rule(id).replace('condition: s', 'condition: nothing');
const two = (one: string, other: string): string => `${one}---\n${other}`;

/** Files as "folder/name" -> text; null: it could not be read. */
type Files = Readonly<Record<string, string | null>>;
const parse = (files: Files): readonly ParsedText[] =>
  createTextParser()(
    Object.entries(files).map(([file, text]) => ({
      file,
      name: file.slice(file.indexOf('/') + 1),
      text: text ?? undefined,
      failure: text === null ? 'the file cannot be read: gone' : undefined,
    })),
  );
const inForce = (files: Files): FilesInForce =>
  new Map(parse(files).map((parsed) => [parsed.source.file, { parsed, since: 'then' }]));

const table = 'when: { event.dataset: x }\nfields: { A: a.b }';

test.each<[string, Files, Files, readonly string[]]>([
  ['nothing changed', { 'a/1.yml': rule('r1') }, { 'a/1.yml': rule('r1') }, []],
  ['a rule breaks', { 'a/1.yml': rule('r1') }, { 'a/1.yml': broken('r1') }, ['a/1.yml']],
  ['the file cannot be read', { 'a/1.yml': rule('r1') }, { 'a/1.yml': null }, ['a/1.yml']],
  ['the file is no YAML', { 'a/1.yml': rule('r1') }, { 'a/1.yml': '"' }, ['a/1.yml']],
  ['a rule is taken out', { 'a/1.yml': two(rule('r1'), rule('r2')) }, { 'a/1.yml': rule('r1') }, []],
  ['the file is deleted', { 'a/1.yml': rule('r1') }, {}, []],
  ['it was broken from the start', { 'a/1.yml': broken('r1') }, { 'a/1.yml': `${broken('r1')}level: low` }, []],
  [
    'the sound part of a file that was broken already is changed',
    { 'a/1.yml': two(rule('r1'), broken('r2')) },
    { 'a/1.yml': two(rule('r1', 'level: low'), broken('r2')) },
    [],
  ],
  ['a new file is broken', { 'a/1.yml': rule('r1') }, { 'a/1.yml': rule('r1'), 'a/2.yml': broken('r2') }, []],
  [
    'the rule moved to another file, what stayed is broken',
    { 'a/1.yml': two(rule('r1'), broken('r2')) },
    { 'a/1.yml': broken('r2'), 'a/2.yml': rule('r1') },
    [],
  ],
  ["a pack's next version breaks it", { 'v1/x/1.yml': rule('r1') }, { 'v2/x/1.yml': broken('r1') }, ['v2/x/1.yml']],
  ['a table breaks', { 'a/fields/t.yml': table }, { 'a/fields/t.yml': 'when: []' }, ['a/fields/t.yml']],
  [
    'a table breaks that replaces one of the same name',
    { 'p/fields/t.yml': table, 'a/fields/t.yml': table },
    { 'p/fields/t.yml': table, 'a/fields/t.yml': 'when: []' },
    ['a/fields/t.yml'],
  ],
])('%s', (_, before, after, kept) => {
  expect([...keepBroken(inForce(before), parse(after)).keys()]).toEqual(kept);
});

test('a kept file gives what it gave, tells why, and is silent about lines that are no longer there', () => {
  const before = inForce({ 'a/1.yml': rule('r1').replace('webserver', 'WebServer'), 'a/2.yml': rule('r2') });
  const read = parse({ 'a/1.yml': broken('r1'), 'a/2.yml': rule('r2', 'level: low') });
  const { files, told, muted } = withKept(read, keepBroken(before, read));
  expect([...muted].map(({ message }) => message)).toEqual([expect.stringContaining('lower case')]);
  expect(files.map(({ rules }) => rules?.rules.map(({ id, level }) => [id, level]))).toEqual([
    [['r1', 'medium']],
    [['r2', 'low']],
  ]);
  expect(told.map(({ where, message }) => [where.file, message])).toEqual([
    ['a/1.yml', expect.stringContaining('stays in force, since then')],
    ['a/1.yml', expect.stringContaining('nothing')],
  ]);
});

test('suspects are changed files with an error that held what is lost', () => {
  const before = inForce({
    'a/1.yml': rule('r1'),
    'a/2.yml': rule('r2'),
    'a/3.yml': rule('r3'),
    'a/4.yml': rule('r4'),
  });
  const read = parse({
    'a/1.yml': rule('r1', 'level: low'),
    'a/2.yml': rule('r2', 'level: low'),
    'a/3.yml': rule('r3'),
    'a/4.yml': rule('r4', 'level: low'),
  });
  const problem = (file: string, severity: 'error' | 'warning') => ({
    ...{ where: { file, line: 1, column: 1 }, message: 'm' },
    severity,
  });
  const problems = [problem('a/1.yml', 'error'), problem('a/2.yml', 'warning'), problem('a/3.yml', 'error')];
  const lost = new Set(['r1', 'r2', 'r3', 'r4']);
  expect([...suspects(before, read, lost, problems).keys()]).toEqual(['a/1.yml']);
  expect(suspects(before, read, new Set(['r9']), problems).size).toBe(0);
});

test('the difference is one of content, not of place', () => {
  const rules = (text: string) => parseRules(text, 'a/1.yml').rules;
  const before = rules(two(rule('r1'), two(rule('r2'), rule('gone'))));
  const odd = 'detection: { where: { c-uri: 9007199254740993 }, condition: where }';
  const after = rules(two(`# moved down\n\n${rule('r1')}`, two(rule('r2', 'level: low'), rule('new'))));
  expect(compareRules(before, after)).toEqual({ added: ['new'], removed: ['gone'], changed: ['r2'] });
  // A selection of that name is content.
  const named = (text: string) => rules(rule('r1').replace(/detection: .*/, text));
  expect(compareRules(named(odd), named(odd)).changed).toEqual([]);
  expect(compareRules(named(odd), named(odd.replace('993', '992'))).changed).toEqual(['r1']);
});
