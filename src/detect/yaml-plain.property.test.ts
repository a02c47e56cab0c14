/**
 * The plain reader against the library, on random documents in many styles and on what is left of them after random damage:
 * it gives the very same tree, or leaves the text alone.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readYamlByLibrary } from './yaml-library.ts';
import { readPlainYaml } from './yaml-plain.ts';

type Tree =
  | { kind: 'text'; words: string[]; style: string; wide: number }
  | { kind: 'list'; items: Tree[]; wide: number; flow: boolean }
  | { kind: 'map'; entries: [string, Tree][]; wide: number; below: boolean; flow: boolean };

const word = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'value', '1', '-1.5', '0x1F', 'C:\\x', 'x:y', 'a#b', "it's", '\u3042', 'true'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('-x', '"q"', '*', '~', '---', '- z', '# c', 'k: v', '[b]', '\\n', '|', '%', ',', ''),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('id', 'Image|endswith', 'a b', '1', "'q'", '"d"', 'x:y', 'b', 'c', 'd ') },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom(...'ab -:#~<') }) },
);
const text: fc.Arbitrary<Tree> = fc.record({
  kind: fc.constant('text' as const),
  words: fc.array(word, { minLength: 1, maxLength: 5 }),
  style: fc.constantFrom(
    'plain',
    'plain',
    'single',
    'double',
    'lines',
    'singleLines',
    'doubleLines',
    '|',
    '|-',
    '|+',
    '>',
    '>-',
    '>+',
  ),
  wide: fc.nat({ max: 3 }),
});
const rarely = fc.nat({ max: 4 }).map((drawn) => drawn === 0);
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.record({
      kind: fc.constant('list' as const),
      items: fc.array(tie('tree'), { maxLength: 4 }),
      wide: fc.nat({ max: 3 }),
      flow: rarely,
    }),
    fc.record({
      kind: fc.constant('map' as const),
      entries: fc.uniqueArray(fc.tuple(key, tie('tree')), { maxLength: 4, selector: ([name]) => name }),
      wide: fc.nat({ max: 3 }),
      below: fc.boolean(),
      flow: rarely,
    }),
  ),
})).tree;

/** What stands behind a key or dash, the first piece on its line. `indent` is that of the key or dash. */
function print(node: Tree, indent: number, behind: 'key' | 'dash'): string {
  if (node.kind === 'text') return printText(node.words, node.style, ' '.repeat(indent + 1 + node.wide));
  if (node.kind === 'list') {
    if (node.flow) return ` ${printFlow(node, indent + 1 + node.wide)}`;
    if (node.items.length === 0) return '';
    const own = behind === 'key' ? indent + node.wide : indent + 1 + node.wide;
    return node.items.map((item) => `\n${' '.repeat(own)}-${print(item, own, 'dash')}`).join('');
  }
  if (node.flow) return ` ${printFlow(node, indent + 1 + node.wide)}`;
  if (node.entries.length === 0) return '';
  const compact = behind === 'dash' && !node.below;
  const own = indent + (compact ? 2 : 1) + node.wide;
  return node.entries
    .map(([name, value], index) => {
      const lead = compact && index === 0 ? ' '.repeat(own - indent - 1) : `\n${' '.repeat(own)}`;
      return `${lead}${name}:${print(value, own, 'key')}`;
    })
    .join('');
}

/** In brackets, on one line or, where `wide` is odd, on one line each. */
function printFlow(node: Tree, indent: number): string {
  if (node.kind === 'text') {
    const style = ['single', 'double'].includes(node.style) ? node.style : 'plain';
    return printText(node.words, style, '').slice(1);
  }
  const parts =
    node.kind === 'list'
      ? node.items.map((item) => printFlow(item, indent))
      : node.entries.map(([name, value]) => `${name}: ${printFlow(value, indent)}`);
  const gap = node.wide % 2 === 1 ? `\n${' '.repeat(indent)}` : ' ';
  const last = node.wide > 1 && parts.length > 0 ? ',' : '';
  const [open, close] = node.kind === 'list' ? '[]' : '{}';
  return `${open}${gap}${parts.join(`,${gap}`)}${last}${gap}${close}`;
}

function printText(words: readonly string[], style: string, indent: string): string {
  const lines = words.join(`\n${indent}`);
  const line = words.join(' ');
  if (style === 'plain') return ` ${line}`;
  if (style === 'single') return ` '${line.replaceAll("'", "''")}'`;
  if (style === 'double') return ` ${JSON.stringify(line)}`;
  if (style === 'lines') return ` ${lines}`;
  if (style === 'singleLines') return ` '${lines.replaceAll("'", "''")}'`;
  if (style === 'doubleLines') return ` ${JSON.stringify(lines).replaceAll('\\n', '\n')}`;
  return ` ${style}\n${indent}${lines}`;
}

const printed = fc.array(tree, { minLength: 1, maxLength: 2 }).map((trees) => trees.map(printRoot).join('\n---\n'));

/** What does not begin on a line of its own stands behind a key; what does is moved to the left border. */
function printRoot(root: Tree): string {
  const text = print(root, 0, 'key');
  if (!text.startsWith('\n')) return `k:${text}`;
  const border = /^\n( *)/.exec(text)?.[1] ?? '';
  return text.slice(1).replaceAll(new RegExp(`^${border}`, 'gm'), '');
}

const damage = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'line', 'line', 'delete', 'indent', 'outdent', 'drop'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  piece: fc.constantFrom(
    ' ',
    '  ',
    ' # c',
    '#',
    ':',
    ': ',
    '- ',
    '-',
    "'",
    '"',
    '|',
    '\\',
    '[',
    ']',
    '&a ',
    '!t ',
    '\t',
    '\r',
    '~',
    'x',
  ),
  line: fc.constantFrom('', '   ', '# c', '  # c', '---', '...', '- x', 'k9: v', '  more', '%T 1', '        # deep'),
  count: fc.integer({ min: 1, max: 3 }),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(text: string, { kind, at, piece, line, count }: Damage): string {
  const offset = Math.floor(at * (text.length + 1));
  if (kind === 'insert') return text.slice(0, offset) + piece + text.slice(offset);
  if (kind === 'delete') return text.slice(0, offset) + text.slice(offset + count);
  const lines = text.split('\n');
  const index = Math.floor(at * lines.length);
  const old = lines[index] ?? '';
  if (kind === 'line') lines.splice(index, 0, line);
  else if (kind === 'drop') lines.splice(index, 1);
  else lines[index] = kind === 'indent' ? ' '.repeat(count) + old : old.replace(new RegExp(`^ {1,${count}}`), '');
  return lines.join('\n');
}

const written = fc
  .record({
    whole: printed,
    damages: fc.array(damage, { maxLength: 2 }),
    crlf: fc.integer({ min: 0, max: 9 }),
    end: fc.constantFrom('\n', '', '\n\n', ' \n', '\n  '),
  })
  .map(({ whole, damages, crlf, end }) => {
    const broken = damages.reduce(damaged, whole + end);
    if (crlf === 0) return broken.replaceAll('\n', '\r\n');
    return crlf === 1 ? `\ufeff${broken}` : broken;
  });

test('reads as the library does, or not at all', () => {
  let plain = 0;
  let runs = 0;
  fc.assert(
    fc.property(written, (whole) => {
      runs++;
      const documents = readPlainYaml(whole);
      if (documents === undefined) return;
      plain++;
      expect({ documents, problems: [] }).toEqual(readYamlByLibrary(whole, 'f'));
    }),
    { numRuns: process.env.HINOMI_SLOW === '1' ? 50_000 : 2000 },
  );
  expect(plain / runs).toBeGreaterThan(0.25);
});
