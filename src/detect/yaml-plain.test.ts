/** The plain reader on the traps of YAML: what it takes it reads as the library does, and what is not certain it leaves alone. */
import { describe, expect, test } from 'vitest';
import { readYaml } from './yaml.ts';
import { readYamlByLibrary } from './yaml-library.ts';
import { readPlainYaml } from './yaml-plain.ts';
import type { YamlNode } from './yaml-tree.ts';

function meaning(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(meaning);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, meaning(value)]));
}

/** YAML -> what its documents mean. */
const taken: readonly (readonly [string, ...unknown[]])[] = [
  ['k: value # c', { k: 'value' }],
  ['k: a#b', { k: 'a#b' }],
  ['k: a:b', { k: 'a:b' }],
  ['k: C:\\x -y ?z', { k: 'C:\\x -y ?z' }],
  ["k: 'it''s'", { k: "it's" }],
  ["k: ''", { k: '' }],
  ['k: "a\\"\\\\\\n\\x41\\u3042\\U0001F600\\/"', { k: 'a"\\\nA\u3042\u{1F600}/' }],
  ['k: -x', { k: '-x' }],
  ['k: :x', { k: ':x' }],
  ['k: ?x', { k: '?x' }],
  ['k: ---', { k: '---' }],
  ['k: [] # c', { k: [] }],
  ['k: { }', { k: {} }],
  ['k: [a, "b, c", \'d\' , 1, C:\\x, -1]', { k: ['a', 'b, c', 'd', 1, 'C:\\x', -1] }],
  ['k: {a: b, "c d" : [e, {f: 1, }], g: C:\\x}', { k: { a: 'b', 'c d': ['e', { f: 1 }], g: 'C:\\x' } }],
  ['- {\n    a: b,\n\n    c: [d\n     , e],\n  } # c\n- f', [{ a: 'b', c: ['d', 'e'] }, 'f']],
  ['k:   \nl:', { k: null, l: null }],
  ['k: # c\nl: x', { k: null, l: 'x' }],
  ['k:\n- a\n-\n- b\nl: c', { k: ['a', null, 'b'], l: 'c' }],
  ['k:\n    - a\n\n    # c\n    -   b: 1\n        c: 2\n  # d\nl: e', { k: ['a', { b: 1, c: 2 }], l: 'e' }],
  ['-\n  a: 1\n- b:\n- c:\n  - d', [{ a: 1 }, { b: null }, { c: ['d'] }]],
  ['"k" : x\n\'l\': y\nm n: z\n1: w\n"": v', { k: 'x', l: 'y', 'm n': 'z', 1: 'w', '': 'v' }],
  ['k: one\n  two\n\n  three: four'.replace(': four', ':four'), { k: 'one two\nthree:four' }],
  ['k:\n  one\n  - two # c', { k: 'one - two' }],
  ['k: "one  \n\n\n  two \\  "', { k: 'one\n\ntwo   ' }],
  ["k: ' one\n  it''s\n  '", { k: " one it's " }],
  ['k: | # c\n   a\n     b \n\n   # d\n\n # e\nl: x', { k: 'a\n  b \n\n# d\n', l: 'x' }],
  ['k: |-\n\n  a\n\n', { k: '\na' }],
  ['k: |+\n  a\n\n# c', { k: 'a\n\n' }],
  ['k: |+\n  a', { k: 'a\n' }],
  ['k: >\n  a\n  b\n\n\n  c\n', { k: 'a b\n\nc\n' }],
  ['- |\n a\n- >-\n  b', ['a\n', 'b']],
  ['# c\n---\na: 1\n--- # c\n---\nb: 2\n...\n# d\nc: 3', { a: 1 }, { b: 2 }, { c: 3 }],
  ['# nothing'],
  [''],
  ['\ufeffk: 1\r\nl: |\r\n  a\r\n  b\r\nm: "c\r\n  d"\r\n', { k: 1, l: 'a\nb\n', m: 'c d' }],
  ...(
    [
      ['~', null],
      ['null', null],
      ['NULL', null],
      ['nUll', 'nUll'],
      ['true', true],
      ['False', false],
      ['yes', 'yes'],
      ['no', 'no'],
      ['012', 12],
      ['1_000', '1_000'],
      ['0x1F', 31],
      ['0o17', 15],
      ['0b1', '0b1'],
      ['1e3', 1000],
      ['.5', 0.5],
      ['5.', 5],
      ['-.5E-1', -0.05],
      ['+1', 1],
      ['-0', 0],
      ['-0.0', -0],
      ['1.2.3', '1.2.3'],
      ['9007199254740991', 9007199254740991],
      ['9007199254740993', 9007199254740993n],
      ['0xFFFFFFFFFFFFFFFF', 0xffffffffffffffffn],
      ['2026-11-24', '2026-11-24'],
      ['2026-11-24 01:02:03', '2026-11-24 01:02:03'],
      ['.', '.'],
      ['+', '+'],
      ['x'.repeat(300_000), 'x'.repeat(300_000)],
    ] as const
  ).map(([text, value]) => [`- ${text}  `, [value]] as const),
];

/** Errors, YAML that rules do not need, and where the library has a mind of its own. */
const leftAlone: readonly string[] = [
  'k: *a',
  'k: &a b',
  'k: !x y',
  'k: %x',
  'k: @x',
  'k: `x',
  'k: ,x',
  'k: ]',
  'k: |x\n  a',
  'k: |2\n   a',
  'k: |\nl: x',
  'k: |\n    \n  a',
  'k: |\n  a\n     \n  b',
  'k: >\n  a\n    b',
  'k: - x',
  'k: -',
  'k: ? x',
  'k: : x',
  'k: a: b',
  'k: a\n  b: c',
  'k: "a" b',
  'k: "a"#c',
  'k: "\\q"',
  'k: "\\UFFFFFFFF"',
  'k: "a\\\n  b"',
  'k: "a\nb"',
  'k: "a',
  "k: 'a",
  'k: [a,, b]',
  'k: [,]',
  'k: [a b\n  c]',
  'k: [a\n]',
  'k: [a, # c\n  b]',
  'k: [a: b]',
  'k: [-, a]',
  'k: [a:]',
  'k: {a:}',
  'k: [a}',
  'k: {a}',
  'k: {a: }',
  'k: {a:\n  b}',
  'k: {"a":b}',
  'k: {a: 1, a: 2}',
  'k: {~: 1}',
  'k: {a: b} c',
  '{a: b}',
  '[a]: b',
  `k: ${'['.repeat(30)}${']'.repeat(30)}`,
  'k: [a: b]',
  'k: .inf',
  'k: -.INF',
  'k: .nan',
  'k: 1e999',
  'k:\n# c\n  a',
  'k:\n\n  "a"',
  'k:\n  |\n  a',
  'k:\ta',
  'k:\n\t- a',
  'k: a\x07',
  'k: a\rb',
  'k: 1\nk: 2',
  `${Array.from({ length: 20 }, (_, n) => `k${n}: 1`).join('\n')}\nk3: 1`,
  'k: 1\n l: 2',
  '  k: 1',
  'k:\n    a: 1\n  b: 2',
  'k: 1\n- a',
  '- a\nk: 1',
  '- - a',
  '- : x',
  '- ? x',
  ': x',
  '? x',
  '? k\n: v',
  '<<: x',
  '~: x',
  'null: x',
  `${'k'.repeat(1100)}: x`,
  'a:b',
  'text',
  '"text"',
  '[a]',
  '--- a',
  '---\n--- |\n  a',
  '...\nk: 1',
  'k: 1\n... x',
  '%YAML 1.2\n---\nk: 1',
  '\ufeff- a: 1\n  b: 2',
  '\ufeff k: 1',
  '\ufeff... : x',
  'k: \ufeff',
  Array.from({ length: 30 }, (_, depth) => `${' '.repeat(depth)}k:`).join('\n'),
  '- x\n'.repeat(200_001),
];

const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 50)}...` : text);

describe('takes', () => {
  test.each(taken.map(([text, ...documents]) => ({ text, documents, name: shown(text) })))(
    '$name',
    ({ text, documents }) => {
      const read = readPlainYaml(text);
      expect(read?.map(meaning)).toEqual(documents);
      expect({ documents: read, problems: [] }).toEqual(readYamlByLibrary(text, 'f'));
    },
  );
});

describe('leaves to the library', () => {
  test.each(leftAlone.map((text) => ({ text, name: shown(text) })))('$name', ({ text }) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });
});

test('knows lines and columns', () => {
  const text = '# c\nk: "a\n  b"  \nlist:\n  - \n  - x:  # c\n    y: |\n      t\nlast: [1]\n';
  const scalar = (line: number, column: number, value: string | number | null) => ({
    kind: 'scalar',
    line,
    column,
    value,
  });
  const items = [
    scalar(5, 5, null),
    {
      kind: 'map',
      line: 6,
      column: 5,
      entries: [
        { key: 'x', line: 6, column: 5, value: scalar(6, 9, null) },
        { key: 'y', line: 7, column: 5, value: scalar(7, 8, 't\n') },
      ],
    },
  ];
  const entries = [
    { key: 'k', line: 2, column: 1, value: scalar(2, 4, 'a b') },
    { key: 'list', line: 4, column: 1, value: { kind: 'list', line: 5, column: 3, items } },
    { key: 'last', line: 9, column: 1, value: { kind: 'list', line: 9, column: 7, items: [scalar(9, 8, 1)] } },
  ];
  expect(readPlainYaml(text)).toEqual([{ kind: 'map', line: 2, column: 1, entries }]);
});

test('what it leaves alone is read, or complained of, all the same', () => {
  expect(readYaml('k: &a [x]\nl: *a', 'f').documents.map(meaning)).toEqual([{ k: ['x'], l: ['x'] }]);
  expect(readYaml('a: 1\na: 2', 'f').problems).toMatchObject([
    { where: { file: 'f', line: 2, column: 1 }, message: 'the key "a" stands here twice; only one can count' },
  ]);
  expect(readYaml('x'.repeat(1_048_577), 'f').problems).toMatchObject([{ severity: 'error' }]);
});

test('takes time in proportion to the text, whatever it holds', () => {
  const parts = [
    "'",
    '"',
    ' ',
    '\n',
    '[',
    "['a',",
    '- ',
    '-\n',
    'k:\n',
    '#',
    '\\',
    ': ',
    '\n ',
    "- ''''\n",
    '"\\n',
    ' \n',
  ];
  const startMs = performance.now();
  for (const part of parts)
    for (const before of ['k: ', 'k: |\n  ', 'k: "', 'k: ['])
      readPlainYaml(before + part.repeat(250_000 / part.length));
  expect(performance.now() - startMs).toBeLessThan(3000);
});
