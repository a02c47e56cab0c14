/**
 * Query -> what Elasticsearch is asked for. The index holds words and proposes, match.ts decides; so each part of a query is known
 * from two sides: `over` finds every event that matches and perhaps more, `under` only such as match and perhaps not all.
 * NOT turns them round. Exact where both are the same.
 */
import { entityFields } from '../search/fields.ts';
import { normalise, tokensOf, WORD } from '../search/normalise.ts';
import type { Query } from '../search/query.ts';
import { queryTerms, type TermQuery } from '../search/terms.ts';
import type { Clause } from './elasticsearch-event-format.ts';
import { blankFreeWord, hasOwnWord } from './index-word.ts';

export interface EventClause {
  /** Undefined: every event has to be looked at. */
  readonly clause: Clause | undefined;
  /** What it finds matches, so that a page needs no more than it holds. */
  readonly exact: boolean;
}

interface Sides {
  /** Undefined: everything. */
  readonly over: Clause | undefined;
  /** Undefined: nothing. */
  readonly under: Clause | undefined;
  readonly exact: boolean;
}

const UNKNOWN: Sides = { over: undefined, under: undefined, exact: false };

/** The server's smallest limits are 1,024 clauses and 30 levels. */
const MOST_CLAUSES = 800;
const MOST_LEVELS = 20;

export function compileClause(query: Query | undefined): EventClause {
  if (query === undefined) return { clause: undefined, exact: true };
  let clauses = 0;

  const toClause = (terms: TermQuery): Clause => {
    clauses++;
    if (terms.op === 'term') return { term: { terms: blankFreeWord(terms.term) } };
    if (terms.op === 'prefix') return { prefix: { terms: blankFreeWord(terms.term) } };
    const parts = terms.of.map(toClause);
    return (terms.op === 'and' ? all(parts) : any(parts)) as Clause;
  };

  function compileNode(node: Query, level: number): Sides {
    if (clauses > MOST_CLAUSES || level > MOST_LEVELS) return UNKNOWN;
    if (node.op === 'and' || node.op === 'or') {
      const parts = node.of.map((part) => compileNode(part, level + 1));
      const overs = parts.map(({ over }) => over).filter((over) => over !== undefined);
      const unders = parts.map(({ under }) => under).filter((under) => under !== undefined);
      const exact = parts.every((part) => part.exact);
      if (node.op === 'and') {
        return { over: all(overs), under: unders.length < parts.length ? undefined : all(unders), exact };
      }
      return { over: overs.length < parts.length ? undefined : any(overs), under: any(unders), exact };
    }
    if (node.op === 'not') {
      const { over, under, exact } = compileNode(node.of, level + 1);
      return { over: not(under), under: not(over), exact };
    }
    const terms = queryTerms(node);
    if (terms === undefined) return UNKNOWN;
    const over = toClause(terms);
    const own = ownTerm(node);
    if (own === undefined) return { over, under: undefined, exact: false };
    if (terms.op === 'term' && terms.term === own) return { over, under: over, exact: true };
    return { over, under: toClause({ op: 'term', term: own }), exact: false };
  }

  const { over, exact } = compileNode(query, 0);
  return clauses > MOST_CLAUSES ? { clause: undefined, exact: false } : { clause: over, exact };
}

/** Undefined for none: what says nothing in an "and", and finds nothing in an "or". */
const all = (of: readonly Clause[]): Clause | undefined => (of.length <= 1 ? of[0] : { bool: { filter: of } });
const any = (of: readonly Clause[]): Clause | undefined =>
  of.length <= 1 ? of[0] : { bool: { should: of, minimum_should_match: 1 } };
const not = (of: Clause | undefined): Clause | undefined => of && { bool: { must_not: [of] } };

/** Word tokens and CJK pairs are indexed whole up to their limits; see search/terms.ts. */
const WHOLE_WORD_CHARS = 64;

/** A term that an event holds only if it matches; undefined where there is none. */
function ownTerm(node: Query): string | undefined {
  if (node.op === 'text' && !node.wildcard) {
    const tokens = tokensOf(normalise(node.text));
    const only = tokens[0];
    if (only === undefined || tokens.length > 1) return undefined;
    const whole = only.kind === WORD ? only.text.length < WHOLE_WORD_CHARS : only.text.length === 2;
    return whole && hasOwnWord(only.text) ? only.text : undefined;
  }
  if (node.op === 'field' && !node.wildcard && entityFields.has(node.field)) {
    const term = `${node.field}=${normalise(node.text)}`;
    return hasOwnWord(term) ? term : undefined;
  }
  return undefined;
}
