import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event, Fields } from '../model/event.ts';
import { matchesQuery } from '../search/match.ts';
import { parseQuery } from '../search/parse.ts';
import { queryFor, someEvent } from '../search/query.fixture.ts';
import type { Query } from '../search/query.ts';
import { encodeEvent } from './elasticsearch-encode.ts';
import type { Clause } from './elasticsearch-event-format.ts';
import { compileClause } from './elasticsearch-query.ts';

const term = (word: string): Clause => ({ term: { terms: word } });
const not = (clause: Clause): Clause => ({ bool: { must_not: [clause] } });
const any = (...should: Clause[]): Clause => ({ bool: { should, minimum_should_match: 1 } });
const all = (...filter: Clause[]): Clause => ({ bool: { filter } });
const compile = (text: string) => compileClause(parseQuery(text));

describe('compileClause', () => {
  it.each<[string, Clause | undefined, boolean]>([
    ['', undefined, true],
    ['Failed', term('failed'), true],
    ['検知', term('検知'), true],
    ['不正検知', all(term('不正'), term('正検'), term('検知')), false],
    ['user:alice', term('user.name=alice'), true],
    ['NOT user:alice', not(term('user.name=alice')), true],
    ['user:alice NOT failed', all(term('user.name=alice'), not(term('failed'))), true],
    ['NOT (user:alice OR 検知)', not(any(term('user.name=alice'), term('検知'))), true],
    // A superset turned round would leave out what matches.
    ['NOT "failed password"', undefined, false],
    ['NOT pass*', undefined, false],
    ['NOT destination.port:>5', undefined, false],
    ['NOT destination.port:443', undefined, false],
    ['NOT (failed pass*)', undefined, false],
    ['NOT (failed OR pass*)', not(term('failed')), false],
    ['NOT (NOT pass*)', not(not({ prefix: { terms: 'pass' } })), false],
    // A number's other form is the number's alone.
    ['NOT code:04625', not(term('event.code=04625')), false],
    ['code:04625', any(term('event.code=04625'), term('event.code=4625')), false],
    ['code:4625', term('event.code=4625'), true],
    ['user:"a b"', term('user.name=a\ue020b'), false],
    ['NOT user:"a b"', undefined, false],
    [`NOT ${'x'.repeat(70)}`, undefined, false],
    [`NOT user:${'x'.repeat(300)}`, undefined, false],
    ['failed destination.port:>5', term('failed'), false],
    ['failed OR destination.port:>5', undefined, false],
  ])('%s', (text, clause, exact) => {
    expect(compile(text)).toEqual({ clause, exact });
  });

  it('asks for no more than the server takes', () => {
    const words = Array.from({ length: 500 }, (_, index) => `w${index}`).join(' OR ');
    expect(JSON.stringify(compile(words).clause).match(/"term"/g)).toHaveLength(500);
    // Few characters that ask for many pairs.
    const pairs = Array.from({ length: 80 }, (_, index) => `${'検知不正通信監視侵入防止'.slice(index % 3)}${index}`);
    expect(compile(pairs.join(' OR '))).toEqual({ clause: undefined, exact: false });
    const deep = compile(`${'NOT ('.repeat(24)}a${')'.repeat(24)}`);
    expect((JSON.stringify(deep.clause ?? '').match(/bool/g) ?? []).length).toBeLessThan(25);
  });
});

/** What Elasticsearch makes of a clause. */
function finds(clause: Clause, words: ReadonlySet<string>): boolean {
  if ('term' in clause) return words.has((clause.term as { terms: string }).terms);
  if ('prefix' in clause) {
    const { terms } = clause.prefix as { terms: string };
    return [...words].some((word) => word.startsWith(terms));
  }
  const { filter = [], should, must_not: mustNot = [] } = clause.bool as Record<string, Clause[]>;
  return (
    filter.every((part) => finds(part, words)) &&
    (should === undefined || should.some((part) => finds(part, words))) &&
    !mustNot.some((part) => finds(part, words))
  );
}

const head = { received: '2026-11-20T01:00:00.000Z', 'organization.id': 'kita', 'hinomi.source_id': 'kita.vpn' };
function wordsOf(fields: Fields): Set<string> {
  const event = { '@timestamp': head.received, 'event.id': 'x', 'event.ingested': head.received, ...fields } as Event;
  return new Set((JSON.parse(encodeEvent(head, event, [])).terms as string).split(/\s+/));
}

it('a clause finds every event that matches, and no other where it is exact', () => {
  const seen = { matched: 0, exact: 0, missed: 0 };
  fc.assert(
    fc.property(
      someEvent.chain((event) => fc.tuple(fc.constant(event), queryFor(event))),
      ([event, query]: [Fields, Query]) => {
        const { clause, exact } = compileClause(query);
        if (clause === undefined) return;
        const matches = matchesQuery(query, event);
        const found = finds(clause, wordsOf(event));
        if (matches) {
          seen.matched++;
          expect(found, JSON.stringify({ clause, words: [...wordsOf(event)] })).toBe(true);
        } else if (exact) {
          seen.missed++;
          expect(found, JSON.stringify({ clause, words: [...wordsOf(event)] })).toBe(false);
        }
        if (exact) seen.exact++;
      },
    ),
    { numRuns: 10_000 },
  );
  expect(seen.matched).toBeGreaterThan(400);
  expect(seen.exact).toBeGreaterThan(200);
  expect(seen.missed).toBeGreaterThan(50);
});
