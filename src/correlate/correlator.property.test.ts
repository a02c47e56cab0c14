/** The correlator against the plain meaning of its rules, on small random histories in every order of arrival. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition, CorrelationRule, CorrelationType } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import { createCorrelator } from './correlator.ts';
import type { Finding } from './finding.ts';
import { meaning, namesIn, told } from './meaning.fixture.ts';
import { settles } from './measure.ts';
import { baseRule, correlationRule, sameField, startMs } from './rules.fixture.ts';

const many = process.env.HINOMI_SLOW === '1' ? 25 : 1;
const ruleIds = ['a', 'b', 'c'];
const periodMs = 40_000;
const settleMs = 15_000;
const latenessMs = settleMs;

interface Drawn {
  readonly match: Match;
  /** How long after its time it arrives. */
  readonly delayMs: number;
}

/** Few times, around the border of a period, and events of several rules, so that ties and borders are common. */
const history = fc
  .constantFrom(2, 5, 20)
  .chain((step) =>
    fc.array(
      fc.record({
        rules: fc.subarray(ruleIds, { minLength: 1 }),
        second: fc.integer({ min: 0, max: 100 / step }).map((steps) => steps * step),
        member: fc.constantFrom('kita', 'minami', 'nishi'),
        address: fc.constantFrom('203.0.113.7', '203.0.113.8'),
        user: fc.constantFrom('u1', 'u2', 'u3', undefined),
        bytes: fc.constantFrom<Match['fields'][string] | undefined>(1, '2', 3.5, -1, [1, 4], undefined),
        number: fc.integer({ min: 0, max: 1 }),
        delayMs: fc.integer({ min: 0, max: settleMs }),
      }),
      { maxLength: 22 },
    ),
  )
  .map((events): Drawn[] =>
    events.flatMap(({ rules, second, member, address, user, bytes, number, delayMs }) =>
      rules.map((ruleId) => ({
        match: {
          ruleId,
          memberId: member,
          // The same event may match several rules.
          eventId: `${member}-${address}-${user}-${bytes}-${second}-${number}`,
          sourceId: `${member}.vpn`,
          atMs: startMs + second * 1000,
          fields: {
            'source.ip': address,
            ...(user !== undefined && { 'user.name': user }),
            ...(bytes !== undefined && { 'source.bytes': bytes }),
          },
        },
        delayMs,
      })),
    ),
  );

const expressionOf = (ids: readonly string[]): fc.Arbitrary<Condition> =>
  fc.letrec<{ tree: Condition; leaf: Condition }>((tie) => ({
    leaf: fc.constantFrom(...ids).map((name): Condition => ({ kind: 'selection', name })),
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('leaf'),
      tie('tree').map((of): Condition => ({ kind: 'not', of })),
      fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
        .map(([kind, of]): Condition => ({ kind, of }) as Condition),
    ),
  })).tree;

/** temporal_ordered: an order of rules, some absent, or one of two. */
const orderOf = (ids: readonly string[]): fc.Arbitrary<Condition> =>
  fc
    .tuple(fc.constantFrom(...ids), fc.array(expressionOf(ids), { minLength: 1, maxLength: 2 }))
    .map(([name, others]): Condition => ({ kind: 'and', of: [{ kind: 'selection', name }, ...others] }));

const types: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
];
const ops = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

/** `of`: what it may refer to. */
const ruleOf = (id: string, of: readonly string[], inner: boolean): fc.Arbitrary<CorrelationRule> =>
  fc
    .record({
      type: fc.constantFrom(...(inner ? types.slice(0, 4) : types)),
      rules: fc
        .subarray([...of], { minLength: 1 })
        .filter((ids) => !inner || ids.some((one) => !ruleIds.includes(one))),
      twice: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 40 }),
      compare: fc.array(fc.record({ op: fc.constantFrom('gte', 'gt', ...ops), value: fc.integer({ min: 0, max: 4 }) }), { minLength: 1, maxLength: 2 }), // biome-ignore format: one thing
      percentile: fc.constantFrom(1, 25, 50, 90, 100),
      members: fc.constantFrom('within', 'within', 'across'),
      minMembers: fc.constantFrom(2, 3),
      grouped: fc.boolean(),
      generate: fc.boolean(),
      written: fc.boolean(),
    })
    .chain(({ type, rules, twice, seconds, compare, percentile, written, grouped, ...more }) => {
      const ordered = type === 'temporal_ordered';
      const expression =
        written && (ordered || type === 'temporal')
          ? ordered
            ? orderOf(rules)
            : expressionOf(rules)
          : fc.constant(undefined);
      return expression.map((tree) => {
        const counted = type === 'value_count' ? (inner ? 'source.ip' : 'user.name') : 'source.bytes';
        return correlationRule(id, {
          ...more,
          type,
          rules: ordered && twice ? [...rules, ...rules.slice(0, 1)] : rules,
          timespanMs: seconds * 1000,
          expression: tree,
          condition:
            ordered || tree !== undefined
              ? undefined
              : { compare, fields: type.startsWith('value') ? [counted] : [], percentile },
          groupBy: grouped || inner || of.length > 3 ? ['source.ip'] : [],
          own: { titleJa: undefined, descriptionJa: undefined, by: undefined, periodMs },
        });
      });
    });

const runs = (correlations: readonly CorrelationRule[]): boolean => {
  try {
    create(correlations);
    return true;
  } catch {
    return false;
  }
};

/** One correlation; or x, then y over it, then z over both. */
const single = ruleOf('x', ruleIds, false).map((rule) => [rule]);
const grouped = ruleOf('x', ruleIds, false).map((rule) => ({ ...rule, groupBy: ['source.ip'] }));
const chained = fc
  .tuple(grouped, ruleOf('y', ['a', 'x'], true), fc.option(ruleOf('z', ['b', 'x', 'y'], true), { nil: undefined }))
  .map((chain) => chain.filter((rule) => rule !== undefined));
const rules = fc.oneof(single, chained).filter(runs);

function create(correlations: readonly CorrelationRule[], boundMs = 3_600_000) {
  return createCorrelator({
    rules: ruleIds.map((id) => baseRule(id)),
    correlations,
    ecsField: sameField,
    settleMs,
    latenessMs: boundMs,
  });
}

const isCorrelated = ({ ruleId }: Finding): boolean => !ruleIds.includes(ruleId);
const waits = (correlations: readonly CorrelationRule[]): boolean => correlations.some(settles);

/** Then what went before matters to nearly all that comes. */
const ofOneGroup = (drawn: readonly Drawn[]): readonly Drawn[] =>
  drawn.map(({ match, delayMs }) => ({
    match: { ...match, memberId: 'kita', fields: { ...match.fields, 'source.ip': '203.0.113.7' } },
    delayMs,
  }));

/** In the order of their arrival, none later than settleMs. */
const arriving = (drawn: readonly Drawn[]): readonly Match[] => {
  const arrivalMs = ({ match, delayMs }: Drawn) => match.atMs + delayMs;
  return drawn.toSorted((a, b) => arrivalMs(a) - arrivalMs(b)).map(({ match }) => match);
};

/** In batches of that many, each match of them twice. */
function feed(correlator: ReturnType<typeof create>, matches: readonly Match[], batch: number): Finding[] {
  const findings: Finding[] = [];
  for (let index = 0; index < matches.length; index += batch) {
    const some = matches.slice(index, index + batch);
    findings.push(...correlator.add(some), ...correlator.add(some));
  }
  return findings;
}

test('however late within the bound, and in whatever batches, the findings are what the rules mean, each event once', () => {
  fc.assert(
    fc.property(
      rules,
      history,
      fc.array(fc.integer({ min: 0, max: 30 }), { size: 'max', maxLength: 80 }),
      fc.integer({ min: 1, max: 5 }),
      (correlations, drawn, shuffle, batch) => {
        // What is judged at once may come in any order at all.
        const order = waits(correlations)
          ? arriving(drawn)
          : drawn
              .map(({ match }, index) => ({ match, at: shuffle[index] ?? 0 }))
              .sort((a, b) => a.at - b.at)
              .map(({ match }) => match);
        const all = drawn.map(({ match }) => match);
        const correlator = create(
          correlations.map((rule) =>
            rule.id === 'x' && correlations.length === 1 ? { ...rule, generate: true } : rule,
          ),
        );
        const findings = feed(correlator, order, batch);
        findings.push(...correlator.advance(Number.POSITIVE_INFINITY));
        expect(told(findings.filter(isCorrelated))).toEqual(meaning(correlations, all));
        if (correlations.length === 1) {
          const alone = findings.filter((finding) => !isCorrelated(finding)).flatMap(({ events }) => events);
          expect(alone).toHaveLength(new Set(all.map(({ ruleId, eventId }) => `${ruleId} ${eventId}`)).size);
        }
        expect(correlator.stats().waiting).toBe(0);
        expect(correlator.add(all)).toEqual([]);
        expect(correlator.advance(Number.POSITIVE_INFINITY)).toEqual([]);
      },
    ),
    { numRuns: 1500 * many },
  );
}, 600_000);

test('a correlator rebuilt from the last windowMs goes on as the one before, with the moments that waited', () => {
  fc.assert(
    fc.property(
      rules,
      fc.oneof(history, history.map(ofOneGroup)),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 150 }),
      (correlations, drawn, cut, advanceSeconds) => {
        const all = arriving(drawn);
        const applied = all.slice(0, cut);
        const newestMs = Math.max(startMs, ...applied.map(({ atMs }) => atMs));
        // No further than what comes next can bear.
        const laterMs = Math.min(...all.slice(cut).map(({ atMs }) => atMs)) + settleMs;
        const toMs = Math.min(laterMs, startMs + advanceSeconds * 1000);
        const lasting = create(correlations, latenessMs);
        const findings = [...feed(lasting, applied, 3), ...lasting.advance(toMs)];

        const rebuilt = create(correlations, latenessMs);
        const since = newestMs - rebuilt.windowMs;
        rebuilt.add(applied.filter(({ atMs }) => atMs >= since).toSorted((a, b) => a.atMs - b.atMs));
        rebuilt.advance(toMs);
        expect(rebuilt.stats().waiting).toBe(lasting.stats().waiting);
        for (const one of [rebuilt, lasting]) {
          const later = [...feed(one, all.slice(cut), 2), ...one.advance(Number.POSITIVE_INFINITY)];
          const alerts = told([...findings, ...later].filter(isCorrelated));
          expect(alerts).toEqual(meaning(correlations, all));
        }
      },
    ),
    { numRuns: 700 * many },
  );
}, 600_000);

test('the drawn rules are of every kind', () => {
  const drawn = fc.sample(rules, { numRuns: 400, seed: 7 });
  const all = drawn.flat();
  expect(new Set(all.map(({ type }) => type)).size).toBe(types.length);
  expect(drawn.filter(({ length }) => length === 3).length).toBeGreaterThan(50);
  expect(drawn.filter(waits).length).toBeGreaterThan(80);
  const ordered = all.filter(({ type, expression }) => type === 'temporal_ordered' && expression !== undefined);
  expect(ordered.some(({ expression }) => namesIn(expression as Condition).length > 2)).toBe(true);
});
