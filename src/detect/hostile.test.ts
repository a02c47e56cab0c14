/**
 * Rules and events made to hurt: each is refused with a reason, or costs time in proportion to its size. Times are CPU times of this
 * thread, the least of several tries; four times the size may take twelve times as long, sixteen times would be a square.
 */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import type { Engine } from './engine.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import type { Placeholders } from './needles.ts';
import { parseRules } from './parse.ts';

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const ruleText = (detection: string) => `title: T\nid: r\nlogsource: { product: x }\ndetection:\n${detection}`;
const parse = (detection: string) => parseRules(ruleText(detection), 'r.yml');
const selection = (yaml: string) => parse(`  s:\n    ${yaml}\n  condition: s`);

function engineFor(yaml: string, placeholders: Placeholders = {}): Engine {
  const engine = compileRules(selection(yaml), identityMapping, { placeholders });
  expect(engine.problems).toEqual([]);
  expect(engine.rules.length).toBe(1);
  return engine;
}

function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/**
 * `make` prepares what is timed. Some systems count CPU time in steps of ten milliseconds: what takes only a few of them at four times
 * the size needs no comparison.
 */
function expectLinear(make: (size: number) => () => void, size: number): void {
  let [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < 6; attempt++) {
    small = Math.min(small, cpuMs(make(size)));
    large = Math.min(large, cpuMs(make(size * 4)));
    if (large < 30 || large < 12 * small) return;
  }
  expect(large, `${size}: ${small} ms, four times as much: ${large} ms`).toBeLessThan(12 * small);
}

// Flat, as a record's value is: what is built by repeat is flattened by its first reader.
const flat = (unit: string, size: number) => Buffer.alloc(size, unit).toString('latin1');
const word = (index: number) => `w${index.toString(36)}x`;

test.each(['A|fieldref', 'A|fieldref|contains'])('%s between two long lists', (item) => {
  const engine = engineFor(`${item}: B`);
  expectLinear((size) => {
    const event: Fields = { A: times(size, (at) => `a${at}`), B: times(size, (at) => `b${at}`) };
    return () => expect(engine.match(event)).toEqual([]);
  }, 20_000);
});

describe('expressions take time in proportion to the text', () => {
  test.each([
    ['a repeat of a repeat', '(a+)+$', 100_000, 'a'],
    ['a repeat of what may be empty', '(a*)*b', 100_000, 'a'],
    ['an alternation of equals', '(a|a|aa)+$', 50_000, 'a'],
    ['a hundred repeats in one another', `${'('.repeat(100)}a${'+)'.repeat(100)}!`, 2_000, 'a'],
    ['many stars', `${'a*'.repeat(50)}b`, 10_000, 'a'],
    ['more states than an automaton may have', 'b(a|b){20}(?:a|b)$', 10_000, 'ab'],
    ['counted gaps', '(?:a.{1,50}){10}[^ab]', 1_000, 'ab'],
    ['thousands of words', times(2000, (at) => `${at.toString(36)}z`).join('|'), 100_000, 'ab'],
    ['a long run', '.{1000,}x', 20_000, 'a'],
  ])('%s', (_name, source, size, unit) => {
    const engine = engineFor(`A|re: '${source}'`);
    expectLinear((length) => {
      const event = { A: `${flat(unit, length)}!` };
      return () => engine.match(event);
    }, size);
  });

  test('and their compiling in proportion to their length', () => {
    expectLinear((length) => () => compileRules(selection(`A|re: '${'(a|b?)'.repeat(length)}'`), identityMapping), 400);
  });
});

describe('every modifier on a value of a megabyte', () => {
  const size = 250_000;
  test.each([
    ...['A: x', "A: 'a*b*c*d'", "A: '*a?b*c'", "A: '*a*a*a*a*a*a*a*b'"],
    ...['contains', 'startswith', 'endswith', 'cased', 'contains|cased', 'neq', 'contains|neq', 'utf16', 'utf16be'].map(
      (chain) => `A|${chain}: bax`,
    ),
    ...['contains|all', 'startswith|all'].map((chain) => `A|${chain}: [a, x]`),
    ...['re', 're|i', 're|m', 're|s'].map((chain) => `A|${chain}: '[a-y]+x.b$'`),
    ...['wide|contains', 'base64offset|contains', 'wide|base64offset|contains', 'base64'].map(
      (chain) => `A|${chain}: bax`,
    ),
    ...['fieldref', 'fieldref|contains', 'fieldref|endswith', 'fieldref|cased'].map((chain) => `A|${chain}: B`),
    ...['gt', 'gte', 'lt', 'lte', 'minute', 'hour', 'day', 'week', 'month', 'year'].map((chain) => `A|${chain}: 5`),
    ...['A|cidr: 10.0.0.0/8', "A|cidr: '2001:db8::/32'", 'A|exists: true', 'A: null', "A|windash|contains: ' -x'"],
    ...["A|expand|contains: '%p%'", '- bax', "'|all': [a, bax]", "'|re': 'b+x'"],
  ])('%s', (yaml) => {
    const engine = engineFor(yaml, { p: ['q*q', 'x'] });
    expectLinear((length) => {
      const event = { A: flat('ab', length), B: `${flat('ab', length - 1)}x` };
      return () => engine.match(event);
    }, size);
  });

  test.each([
    ['a part that nearly stands everywhere', `A|contains: 'ab${'a'.repeat(1000)}'`, 'a'],
    ['the same with ? in it', `A: '*${'a?'.repeat(500)}b*'`, 'a'],
    ['a part of a longer pattern', `A: 'x*ab${'a'.repeat(1000)}*y'`, 'a'],
  ])('%s', (_name, yaml, unit) => {
    const engine = engineFor(yaml);
    expectLinear((length) => {
      const event = { A: `x${flat(unit, length)}y` };
      return () => engine.match(event);
    }, 20_000);
  });
});

describe('rules of many parts', () => {
  const list = (count: number, prefix: string) => times(count, (at) => `${prefix}- ${word(at)}`).join('\n');
  test.each([
    ['contains', 5000],
    ['endswith', 5000],
    ['startswith', 5000],
    ['contains|cased', 5000],
    ['contains|all', 5000],
    ['cased', 5000],
    ['neq', 5000],
    ['windash|contains', 2000],
    ['base64offset|contains', 1000],
  ])('values of %s', (chain, size) => {
    expectLinear(
      (count) => () => {
        const engine = engineFor(`A|${chain}:\n${list(count, '      ')}`);
        for (let at = 0; at < 20; at++) engine.match({ A: `${word(at)} ${word(count + at)}y` });
      },
      size,
    );
  });

  test('keywords', () => {
    expectLinear(
      (count) => () => {
        const engine = engineFor(list(count, '    ').trimStart());
        expect(engine.match({ A: `an ${word(count - 1)} in it` }).length).toBe(1);
      },
      2000,
    );
  });

  const parts = process.env.HINOMI_SLOW === '1' ? 10 : 2;
  test(`${parts * 10_000} needles in one field, an event with none`, () => {
    const rules = times(parts, (part) => {
      const values = times(10_000, (at) => `      - ${word(part * 10_000 + at)}`).join('\n');
      return ruleText(`  s:\n    A|contains:\n${values}\n  condition: s`).replace('id: r', `id: r${part}`);
    });
    const sets = rules.map((text) => parseRules(text, 'r.yml'));
    const [first] = sets;
    if (first === undefined) throw new Error('no rules');
    const engine = compileRules({ ...first, rules: sets.flatMap((set) => set.rules) }, identityMapping);
    expect(engine.match({ A: `x ${word(parts * 10_000 - 1)}` }).map(({ id }) => id)).toContain(`r${parts - 1}`);
    expectLinear((size) => {
      const event = { A: flat('w', size) };
      return () => expect(engine.match(event)).toEqual([]);
    }, 100_000);
  });

  test('selections, and a quantifier over them', () => {
    expectLinear(
      (count) => () => {
        const set = parse(`${times(count, (at) => `  x${at}: { A: ${word(at)} }`).join('\n')}\n  condition: 1 of x*`);
        const engine = compileRules(set, identityMapping);
        expect(engine.match({ A: word(count - 1) }).length).toBe(1);
      },
      500,
    );
  });

  test('wildcards in one value, for both evaluators', () => {
    expectLinear((count) => {
      const set = selection(`A: '${'*a'.repeat(count)}*b'`);
      const engine = compileRules(set, identityMapping);
      const event = { A: flat('a', 4 * count) };
      return () => {
        expect(engine.match(event)).toEqual([]);
        // The slow evaluator is a square at its best: wildcards by places.
        if (count < 300) expect(matchAll(set.rules, event, identityMapping)).toEqual([]);
      };
    }, 500);
    const set = selection(`A: '${'*a?'.repeat(250)}*b'`);
    expect(cpuMs(() => matchAll(set.rules, { A: flat('a', 1000) }, identityMapping))).toBeLessThan(1000);
  });
});

describe('events of many parts', () => {
  const engines = ['A|contains: zz', 'A: zz', "A|re: 'z+y$'", 'A|cidr: 10.0.0.0/8', 'A|gt: 5', '- zz', 'A|endswith: z'];
  test.each(engines)('ten thousand fields: %s', (yaml) => {
    const engine = engineFor(yaml);
    expectLinear((count) => {
      const event = Object.fromEntries(times(count, (at) => [`f${at}`, `value ${at}`]));
      return () => engine.match(event);
    }, 2500);
  });

  test.each(engines)('a hundred thousand members: %s', (yaml) => {
    expectLinear((count) => {
      const engine = engineFor(yaml);
      const event: Fields = { A: times(count, (at) => `v${at}`) };
      return () => engine.match(event);
    }, 25_000);
  });

  test('ten megabytes', () => {
    const engine = engineFor('- zz');
    expectLinear((count) => {
      const event = Object.fromEntries(times(count, (at) => [`f${at}`, flat('ab', 100_000)]));
      return () => engine.match(event);
    }, 25);
  });
});

describe('refused, with the reason', () => {
  const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}s${close.repeat(depth)}`;
  const one = '  s: { A: b }\n  condition: ';
  test.each<[name: string, detection: string, reason: RegExp, placeholders?: Placeholders]>([
    ['a repeat of a repeat of a thousand', "  s: { A|re: '((a{1000}){1000})' }\n  condition: s", /cannot be used/],
    ['a repeat of 1001', "  s: { A|re: 'a{1001}' }\n  condition: s", /cannot be used/],
    ['repeats of repeats', "  s: { A|re: '(x{0,1000}){0,1000}' }\n  condition: s", /cannot be used/],
    ['deep groups', `  s: { A|re: '${nested('(?:', ')*', 1500)}' }\n  condition: s`, /cannot be used/],
    ['a long expression', `  s: { A|re: '${times(10_000, word).join('|')}' }\n  condition: s`, /longer than 10,000/],
    ['a long value', `  s: { A: ${'x'.repeat(4097)} }\n  condition: s`, /longer than 4096/],
    ['a long part', `  s: { A|contains: ${'x'.repeat(1025)} }\n  condition: s`, /stand anywhere is longer than 1024/],
    ['a long part of a value', `  s: { A: 'a*${'?x'.repeat(513)}*' }\n  condition: s`, /longer than 1024/],
    ['ten thousand wildcards', `  s: { A: '${'*a'.repeat(10_000)}' }\n  condition: s`, /longer than 4096/],
    ['dashes', `  s: { A|windash: '${'-a '.repeat(40)}' }\n  condition: s`, /too many dashes/],
    [
      'dashes of a long value',
      `  s: { A|windash: '${'-a '.repeat(6)}${'x'.repeat(4000)}' }\n  condition: s`,
      /too many dashes/,
    ],
    [
      'dashes of many values',
      `  s:\n    A|windash:\n${times(40, (at) => `    - '${'-a '.repeat(4)}${'x'.repeat(3000)}${at}'`).join('\n')}\n  condition: s`,
      /split the rule/,
    ],
    [
      'placeholders',
      "  s: { A|expand: '%p%%p%%p%%p%%p%' }\n  condition: s",
      /more than 100000 variants/,
      { p: times(50, word) },
    ],
    [
      'long placeholders',
      "  s: { A|expand: '%p%%p%' }\n  condition: s",
      /4194304 characters/,
      { p: times(100, (at) => `${'x'.repeat(1000)}${at}`) },
    ],
    ['deep brackets', `${one}${nested('(', ')', 4000)}`, /nested deeper/],
    ['a long condition', `${one}${'not '.repeat(10_000)}s`, /longer than 10000 characters/],
    [
      'quantifiers of quantifiers',
      `${times(1000, (at) => `  x${at}: { A: b }`).join('\n')}\n  condition: ${times(800, () => '1 of x*').join(' or ')}`,
      /longer than/,
    ],
    ['deep lists', `  s: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n  condition: s`, /nested deeper|not valid YAML/],
    ['deep maps', `  s: ${'{a: '.repeat(10_000)}${'}'.repeat(10_000)}\n  condition: s`, /nested deeper|not valid YAML/],
    ['open lists', `  s: ${'['.repeat(10_000)}\n  condition: s`, /not valid YAML|nested deeper/],
    [
      'aliases of aliases',
      `  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${times(9, (at) => `  a${at + 1}: &a${at + 1} [${times(10, () => `*a${at}`).join(', ')}]`).join('\n')}\n  condition: a0`,
      /more than 200000 values/,
    ],
    [
      'thousands of conditions',
      `  s: { A: b }\n  condition: [${times(1000, () => 's').join(', ')}]`,
      /the list has more than 20 conditions/,
    ],
    ['a huge file', `  s: { A: '${'x'.repeat(1_100_000)}' }\n  condition: s`, /more than 1048576 characters/],
  ])('%s', (_name, detection, reason, placeholders = {}) => {
    const text = ruleText(detection);
    const before = process.memoryUsage().heapUsed;
    let messages: string[] = [];
    const spent = cpuMs(() => {
      const set = parseRules(text, 'r.yml');
      const engine = compileRules(set, identityMapping, { placeholders });
      expect(engine.rules).toEqual([]);
      messages = [...set.problems, ...engine.problems].map(({ message }) => message);
    });
    expect(messages.join('\n')).toMatch(reason);
    for (const message of messages) expect(message.length).toBeLessThan(500);
    expect(spent).toBeLessThan(1500);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150 * 1024 * 1024);
  });
});
