/**
 * How documents (alerts, incidents, members, …) lie in Elasticsearch: one index a kind, made from store/kinds.ts, and what a search
 * asks of it. The document itself is kept as it is, beside what it is found by.
 */

import type { Scope } from '../../model/scope.ts';
import { normalise } from '../../search/normalise.ts';
import { type DocHead, kinds, whereIndex } from '../kinds.ts';
import type { DocQuery, Kind } from '../store.ts';

export const docIndex = (prefix: string, kind: Kind | '*'): string => `${prefix}-doc-${kind}`;

/** A document as Elasticsearch keeps it. */
export interface StoredDoc<D = unknown> {
  readonly id: string;
  readonly version: number;
  /** What is left of a removed one, so that a late writer cannot bring it back; the rest is missing then. */
  readonly removed?: true;
  readonly doc?: D;
}

/** Longer values cannot be asked for; nothing is refused for its length. */
const keyword = { type: 'keyword', ignore_above: 8_191 } as const;

export function docMapping(kind: Kind): Readonly<Record<string, unknown>> {
  return {
    dynamic: 'strict',
    properties: {
      id: keyword,
      version: { type: 'long', index: false },
      removed: { type: 'boolean' },
      removedAt: { type: 'date' },
      sort: keyword,
      member: keyword,
      members: keyword,
      memberCount: { type: 'integer' },
      where: {
        dynamic: 'strict',
        properties: Object.fromEntries(Object.keys(kinds[kind].where).map((name) => [whereField(name), keyword])),
      },
      grams: { type: 'text', analyzer: 'whitespace', index_options: 'docs', norms: false },
      doc: { type: 'object', enabled: false },
    },
  };
}

/** Without dots, which would make objects of it. */
const whereField = (property: string): string => property.replaceAll('.', '_');

/** `body`: the document's JSON. */
export function storedDoc(head: DocHead, body: string): string {
  const { id, version, sort, member, members, where, text } = head;
  const names = Object.keys(kinds[head.kind].where).map(whereField);
  const found = {
    ...{ id, version, sort },
    ...(member !== null && { member }),
    ...(members !== null && { members, memberCount: members.length }),
    where: Object.fromEntries(names.flatMap((name, index) => (where[index] === null ? [] : [[name, where[index]]]))),
    ...(text !== null && { grams: gramsOf(text).join(' ') }),
  };
  return `${JSON.stringify(found).slice(0, -1)},"doc":${body}}`;
}

/**
 * Every pair of neighbours, and the last character by itself: any part of a run of characters is found by its pairs, a single
 * character by the beginnings of pairs.
 */
function gramsOf(text: string): string[] {
  const grams = new Set<string>();
  for (const run of normalise(text).split(/\s+/)) {
    for (let at = 0; at < run.length; at++) grams.add(run.slice(at, at + 2).toWellFormed());
  }
  return [...grams];
}

const MOST_WORDS = 32;
const MOST_PAIRS = 16;

/** Words that a text must hold, normalised. Throws RangeError for kinds that have none. */
export function wordsOf(kind: Kind, text: string | undefined): readonly string[] {
  const words = text === undefined ? [] : normalise(text).split(/\s+/).filter(Boolean);
  if (words.length > 0 && kinds[kind].text === undefined) throw new RangeError(`${kind} cannot be searched by text`);
  return words.slice(0, MOST_WORDS);
}

type Clause = Readonly<Record<string, unknown>>;

function wordClauses(word: string): Clause[] {
  if (word.length === 1) return [{ prefix: { grams: word.toWellFormed() } }];
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < word.length && pairs.size < MOST_PAIRS; at++)
    pairs.add(word.slice(at, at + 2).toWellFormed());
  return [...pairs].map((pair) => ({ term: { grams: pair } }));
}

/** Shared things are for those who may see all whom they concern; the center's own only for readers of all. */
function visible(kind: Kind, { members }: Scope): Clause[] {
  if (members === 'all') return [];
  if (kind !== 'campaign') return [{ terms: { member: members } }];
  return [
    { range: { memberCount: { gte: 1 } } },
    { terms_set: { members: { terms: members, minimum_should_match_field: 'memberCount' } } },
  ];
}

/** The same for a document at hand. */
export function isVisible(head: DocHead, { members }: Scope): boolean {
  if (members === 'all') return true;
  if (head.members !== null) return head.members.length > 0 && head.members.every((member) => members.includes(member));
  return head.member !== null && members.includes(head.member);
}

/** All documents that may be asked for; those with words may be more than hold them. Throws RangeError for unknown filters. */
export function docClauses(kind: Kind, scope: Scope, query: Partial<DocQuery>, words: readonly string[]): Clause {
  const filter: Clause[] = visible(kind, scope);
  for (const [property, wanted] of Object.entries(query.where ?? {})) {
    whereIndex(kind, property);
    const field = `where.${whereField(property)}`;
    const values = typeof wanted === 'string' ? [wanted] : wanted;
    const any: Clause[] = [{ terms: { [field]: values.filter((value) => value !== '') } }];
    if (values.includes('')) any.push({ bool: { must_not: [{ exists: { field } }] } });
    filter.push(any.length === 1 ? (any[0] as Clause) : { bool: { should: any, minimum_should_match: 1 } });
  }
  const { from, to } = query;
  if (from !== undefined || to !== undefined) {
    filter.push({ range: { sort: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lt: to }) } } });
  }
  filter.push(...words.flatMap(wordClauses));
  return { bool: { filter, must_not: [{ term: { removed: true } }] } };
}

export const whereKey = (kind: Kind, property: string): string => {
  whereIndex(kind, property);
  return `where.${whereField(property)}`;
};
