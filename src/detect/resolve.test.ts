import { describe, expect, test } from 'vitest';
import { parseRules } from './parse.ts';
import { resolveRules } from './resolve.ts';
import { formatProblem } from './rule.ts';

const rule = (id: string, more = '') =>
  `title: T ${id}\nid: ${id}\nlevel: low\n${more}logsource: { product: p }\ndetection: { s: { A: b }, condition: s }\n`;
const chained = (id: string, rules: string, more = '') =>
  `title: C ${id}\nid: ${id}\nlevel: high\ncorrelation: { type: event_count, rules: [${rules}], group-by: [host, user], timespan: 1h, condition: { gte: 2 }${more} }\n`;

function resolve(...texts: string[]) {
  const set = resolveRules(texts.map((text, index) => parseRules(text, `${'abcdefghijklmnop'[index]}.yml`)));
  return {
    rules: set.rules.map(({ id }) => id),
    correlations: set.correlations.map(({ id, rules }) => `${id}: ${rules.join()}`),
    said: set.problems.map(formatProblem),
  };
}

test('of two rules with one id the first stays; a name that two have leads nowhere', () => {
  const named = rule('r1', 'name: base\n');
  const { rules, correlations, said } = resolve(named, named, named.replace('id: r1', 'id: r2'), chained('c', 'base'));
  expect(rules).toEqual(['r1', 'r2']);
  expect(correlations).toEqual([]);
  expect(said).toEqual([
    'b.yml:1:1: the id "r1" belongs to a.yml:1:1 already; give this rule its own',
    'c.yml:1:1: the name "base" is taken by another rule; nothing can refer to it',
    'd.yml:1:1: the correlation refers to the name "base", which two rules have; refer to the id',
  ]);
});

describe('correlations of correlations', () => {
  test('are resolved in whatever order the files come', () => {
    const texts = [chained('z', 'y, r'), chained('y', 'x'), rule('r'), chained('x', 'r')];
    expect(resolve(...texts)).toEqual({ rules: ['r'], correlations: ['z: y,r', 'y: x', 'x: r'], said: [] });
    expect(resolve(...texts.toReversed()).correlations).toEqual(['x: r', 'y: x', 'z: y,r']);
  });

  test('in a circle are all left out, with those that refer to it, and the circle is named', () => {
    const { correlations, said } = resolve(
      rule('r'),
      chained('x', 'y'),
      chained('y', 'z, r'),
      chained('z', 'x'),
      chained('outer', 'y'),
      chained('me', 'me'),
      chained('fine', 'r'),
    );
    expect(correlations).toEqual(['fine: r']);
    expect(said).toEqual([
      'b.yml:1:1: the correlations refer to each other in a circle: "C x" -> "C y" -> "C z" -> "C x"',
      'c.yml:1:1: the correlations refer to each other in a circle: "C y" -> "C z" -> "C x" -> "C y"',
      'd.yml:1:1: the correlations refer to each other in a circle: "C z" -> "C x" -> "C y" -> "C z"',
      'e.yml:1:1: the correlation refers to the correlation "C y", which is left out; see c.yml:1:1',
      'f.yml:1:1: the correlation refers to itself',
    ]);
  });

  test('may be eight deep', () => {
    const chain = Array.from({ length: 10 }, (_, depth) => chained(`c${depth + 1}`, depth === 0 ? 'r' : `c${depth}`));
    const { correlations, said } = resolve(rule('r'), ...chain);
    expect(correlations).toHaveLength(8);
    expect(said).toEqual([
      'j.yml:1:1: correlations that refer to correlations may be 8 deep, and this one is the 9th',
      'k.yml:1:1: the correlation refers to the correlation "C c9", which is left out; see j.yml:1:1',
    ]);
  });

  test('have the fields of the inner group-by, and no others', () => {
    const outer = (body: string) =>
      `title: O\nid: o\ncorrelation: { type: value_count, rules: [x], timespan: 1h, ${body} }\n`;
    const of = (body: string) => resolve(rule('r'), chained('x', 'r'), outer(body));
    expect(of('group-by: [host], condition: { gte: 2, field: user }').correlations).toHaveLength(2);
    expect(
      of('group-by: [who], condition: { gte: 2, field: host }, aliases: { who: { x: user } }').correlations,
    ).toHaveLength(2);
    expect(of('group-by: [hots], condition: { gte: 2, field: user }').said).toEqual([
      'c.yml:1:1: "hots" is no field of the correlation "C x": it has those of its group-by, "host", "user" (did you mean "host"?)',
    ]);
    expect(of('group-by: [host], condition: { gte: 2, field: ip }').said.join()).toContain('"ip" is no field of');
    expect(
      of('group-by: [who], condition: { gte: 2, field: host }, aliases: { who: { x: name } }').said.join(),
    ).toContain('"name" (alias "who") is no field of');
  });

  test('thousands of them, and of what is wrong with them, take time in proportion', () => {
    const many = (count: number) => {
      const chain = Array.from({ length: count }, (_, index) =>
        chained(`c${index}`, `c${(index + 1) % count}, nobody${index}`),
      );
      const set = chain.map((text) => parseRules(text, 'c.yml'));
      const started = process.cpuUsage();
      expect(resolveRules(set).correlations).toEqual([]);
      return process.cpuUsage(started).user;
    };
    many(500);
    const [small, large] = [many(500), many(4000)];
    expect(large).toBeLessThan(small * 40 + 100_000);
  });
});

describe('overlays', () => {
  const overlay = (body: string) => `overlays:\n${body}\n`;
  const folder = [rule('r1', 'name: one\n'), rule('r2'), chained('x', 'one'), chained('y', 'x')];
  const with_ = (...bodies: string[]) => {
    const set = resolveRules(
      [...folder, ...bodies.map(overlay)].map((text, index) => parseRules(text, `${'abcdefgh'[index]}.yml`)),
    );
    const levels = [...set.rules, ...set.correlations].map(({ id, level }) => `${id} ${level}`);
    return { levels, said: set.problems.map(formatProblem), severities: set.problems.map(({ severity }) => severity) };
  };

  test('change the level, by id or name, of rules and of correlations', () => {
    expect(
      with_('  - { rule: one, level: critical, reason: it is ours }\n  - { rule: x, level: low, reason: noise }'),
    ).toEqual({
      levels: ['r1 critical', 'r2 low', 'x low', 'y high'],
      said: [],
      severities: [],
    });
  });

  test('leave a rule out, and what refers to it, which says why', () => {
    const { levels, said } = with_('  - { rule: r1, disabled: true, reason: noise }');
    expect(levels).toEqual(['r2 low']);
    expect(said).toEqual([
      'c.yml:1:1: the correlation refers to "one", which is disabled by e.yml:2:5; disable this one too, or write it without',
      'd.yml:1:1: the correlation refers to the correlation "C x", which is left out; see c.yml:1:1',
    ]);
    expect(
      with_('  - { rule: x, disabled: true, reason: n }\n  - { rule: y, disabled: true, reason: n }').said,
    ).toEqual([]);
  });

  test('of one rule: the last counts', () => {
    const { levels, said, severities } = with_(
      '  - { rule: r2, disabled: true, reason: noise }',
      '  - { rule: r2, level: high, reason: no more }',
    );
    expect(levels).toContain('r2 high');
    expect(said).toEqual(['f.yml:2:5: "r2" has an overlay at e.yml:2:5 already; only this one counts']);
    expect(severities).toEqual(['warning']);
  });

  test('for a rule that is not there are a warning', () => {
    const { levels, said, severities } = with_('  - { rule: r3, disabled: true, reason: noise }');
    expect(levels).toHaveLength(4);
    expect(said.join()).toContain(
      'e.yml:2:5: the overlay has no effect: it is for "r3", but no rule without error has',
    );
    expect(severities).toEqual(['warning']);
  });

  test.each([
    ['- { rule: r1, disabled: true }', '3:5: the overlay needs the key "reason"'],
    ["- { rule: r1, disabled: true, reason: ' ' }", '3:33: the reason is empty'],
    ['- { rule: r1, reason: x }', '3:5: the overlay changes nothing'],
    ['- { rule: r1, disabled: false, reason: x }', '3:5: the overlay changes nothing'],
    ['- { rule: r1, level: hihg, reason: x }', '3:24: level cannot be "hihg" (did you mean "high"?)'],
    ['- { rule: r1, disabled: yes, reason: x }', '3:17: disabled must be true or false'],
    ['- { disabled: true, reason: x }', '3:5: the overlay needs the key "rule"'],
    ['- { rule: r1, of: 1, disabled: true, reason: x }', '3:17: an overlay has no key "of"'],
    ['- r1', '3:5: an overlay is a map'],
  ])('%s is refused, and the others stay', (body, expected) => {
    const { levels, said } = with_(`  - { rule: r2, level: high, reason: x }\n  ${body}`);
    expect(levels).toEqual(['r1 low', 'r2 high', 'x high', 'y high']);
    expect(said).toEqual([expect.stringContaining(`e.yml:${expected}`)]);
  });
});
