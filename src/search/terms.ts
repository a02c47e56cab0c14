/**
 * The terms that a query cannot do without, in an index of the terms that events hold (term-collector.ts). Terms propose, match.ts
 * decides: every event that matches a query holds the query's terms; the reverse is not promised.
 */
import { entityFields, notFreeText } from './fields.ts';
import { wholeForms } from './match.ts';
import { normalise, type Token, tokensOf, WORD } from './normalise.ts';
import type { Query } from './query.ts';
import { certainPrefixes, certainTokens, parseWildcard, type Wildcard } from './wildcard.ts';

/** An index finds candidates with it: "and" means all of them, "or" at least one. `of` is never empty. */
export type TermQuery =
  | { readonly op: 'and' | 'or'; readonly of: readonly TermQuery[] }
  | { readonly op: 'term'; readonly term: string }
  /** Some term begins so. */
  | { readonly op: 'prefix'; readonly term: string };

/** Longer words are indexed by their beginning. */
export const TERM_CHARS = 64;
const ENTITY_CHARS = 256;
/** More required terms than this make no index answer more exact. */
const MAX_REQUIRED = 32;
/** A shorter beginning has so many words that looking them up costs more than it spares. */
const PREFIX_CHARS = 3;

/** What an entity's value, normalised, is indexed by as a whole. */
export const entityTerm = (field: string, normalised: string): string =>
  `${field}=${normalised.slice(0, ENTITY_CHARS)}`;

/** Undefined: terms are no help, every event has to be looked at. */
export function queryTerms(query: Query): TermQuery | undefined {
  switch (query.op) {
    case 'and':
      return all(query.of.flatMap((part) => queryTerms(part) ?? []));
    case 'or': {
      const parts = query.of.map(queryTerms);
      return parts.includes(undefined) ? undefined : any(parts as TermQuery[]);
    }
    case 'not':
    case 'range':
      return undefined;
    case 'text':
      return query.wildcard ? patternTerms(parseWildcard(query.text)) : tokenTerms(tokensOf(normalise(query.text)));
    case 'field':
      return query.wildcard ? wildcardTerms(query.field, query.text) : valueTerms(query.field, query.text);
  }
}

const wildcardTerms = (field: string, text: string): TermQuery | undefined =>
  notFreeText.has(field) ? undefined : patternTerms(parseWildcard(text));

function patternTerms(pattern: Wildcard): TermQuery | undefined {
  const whole = tokenTerms(certainTokens(pattern));
  const begun = certainPrefixes(pattern)
    .filter((prefix) => prefix.length >= PREFIX_CHARS)
    .slice(0, MAX_REQUIRED)
    .map((prefix): TermQuery => ({ op: 'prefix', term: prefix.slice(0, TERM_CHARS) }));
  return all([...(whole === undefined ? [] : [whole]), ...begun]);
}

function valueTerms(field: string, text: string): TermQuery | undefined {
  const whole = wholeForms(text);
  const forms = new Set([whole.text, whole.number ?? whole.text]);
  if (entityFields.has(field)) return any([...forms].map((form) => ({ op: 'term', term: entityTerm(field, form) })));
  if (notFreeText.has(field)) return undefined;
  const parts = [...forms].map((form) => tokenTerms(tokensOf(form)));
  return parts.includes(undefined) ? undefined : any(parts as TermQuery[]);
}

function tokenTerms(tokens: readonly Token[]): TermQuery | undefined {
  const terms = new Set<string>();
  for (const { text, kind } of tokens) {
    if (kind === WORD) terms.add(text.slice(0, TERM_CHARS));
    else for (let at = 0; at + 1 < text.length; at++) terms.add(text.slice(at, at + 2));
  }
  return all([...terms].slice(0, MAX_REQUIRED).map((term) => ({ op: 'term', term })));
}

function all(parts: readonly TermQuery[]): TermQuery | undefined {
  return parts.length <= 1
    ? parts[0]
    : { op: 'and', of: parts.flatMap((part) => (part.op === 'and' ? part.of : part)) };
}

function any(parts: readonly TermQuery[]): TermQuery | undefined {
  return parts.length <= 1 ? parts[0] : { op: 'or', of: parts.flatMap((part) => (part.op === 'or' ? part.of : part)) };
}
