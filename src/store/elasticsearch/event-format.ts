/**
 * Where events and what comes with them lie in Elasticsearch: an index for each member and month (or day, where a member has much),
 * named after the time of receipt that every id begins with. A document's index thus follows from its id, and making it twice is
 * refused for ever; a member's data is removed, exported and shut off by the names of its indices. Turned down: data streams, which
 * refuse a known id in their newest index only.
 */
import type { Scope } from '../../model/scope.ts';
import { entityFields } from '../../search/fields.ts';

/**
 * Kinds of documents in such an index. "event"; "reject"; "batch": one for each batch that is there whole, with the numbers of the
 * ledger; "refused": records that were turned away, by call. In the index of the ledger, "ledger": sums of an index that was removed.
 */
export type EventKind = 'event' | 'reject' | 'batch' | 'refused' | 'ledger';

/** Every index of events of a member, also as the pattern of a privilege. "_" is in no member's id. */
export const memberPattern = (prefix: string, memberId: string): string => `${prefix}-events-${memberId}_*`;
export const allEvents = (prefix: string): string => `${prefix}-events-*`;
export const ledgerIndex = (prefix: string): string => `${prefix}-ledger`;
export const periodIndex = (prefix: string): string => `${prefix}-periods`;

/** "2026-11-20" -> "2026.11", "2026.11.20". */
export const monthOf = (day: string): string => day.slice(0, 7).replaceAll('-', '.');
export const dayPeriod = (day: string): string => day.replaceAll('-', '.');

const memberName = /^[a-z0-9][a-z0-9-]*$/;

/** Throws when the member's id could not stand in the name of an index. */
export function eventIndex(prefix: string, memberId: string, period: string): string {
  if (!memberName.test(memberId)) throw new Error(`member "${memberId}": an id is made of a-z, 0-9 and "-"`);
  return `${prefix}-events-${memberId}_${period}`;
}

export interface IndexParts {
  readonly member: string;
  /** "2026.11" or "2026.11.20". */
  readonly period: string;
  /** ISO dates, the second exclusive. */
  readonly firstDay: string;
  readonly endDay: string;
}

/** Undefined for the name of any other index. */
export function parseEventIndex(prefix: string, index: string): IndexParts | undefined {
  const head = `${prefix}-events-`;
  if (!index.startsWith(head)) return undefined;
  const found = /^([a-z0-9-]+)_((\d{4})\.(\d\d)(?:\.(\d\d))?)$/.exec(index.slice(head.length));
  if (found === null) return undefined;
  const [, member, period, year, month, day] = found as unknown as [string, string, string, string, string, string?];
  const from = Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1));
  const to = day === undefined ? Date.UTC(Number(year), Number(month), 1) : from + 86_400_000;
  if (Number.isNaN(from)) return undefined;
  const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return { member, period, firstDay: iso(from), endDay: iso(to) };
}

/** Elasticsearch takes 4 KB for the first line of a request. */
const PATH_CHARS = 3_000;

/**
 * Patterns of the indices that may hold what the scope may see; `months`: of receipt, all when left out. May say too much: what is
 * searched there is filtered by `inScope` too. Empty when there can be nothing.
 */
export function patternsOf(prefix: string, { members }: Scope, months: readonly string[] = ['']): readonly string[] {
  const of = (names: readonly string[]): string[] =>
    names.flatMap((name) => months.map((month) => `${prefix}-events-${name}_${month}*`));
  const wide = members === 'all' ? of(['*']) : of(members.filter((member) => memberName.test(member)));
  if (wide.join().length <= PATH_CHARS) return wide;
  const wider = of(['*']);
  return wider.join().length <= PATH_CHARS ? wider : [allEvents(prefix)];
}

export type Clause = Readonly<Record<string, unknown>>;

export const inScope = ({ members }: Scope): Clause[] =>
  members === 'all' ? [] : [{ terms: { 'organization.id': members } }];

export const ofKind = (...kinds: readonly EventKind[]): Clause => ({ terms: { kind: kinds } });

/** Milliseconds since the epoch, the second exclusive. */
export const between = (field: 'received' | '@timestamp', fromMs: number, toMs: number): Clause => ({
  range: { [field]: { gte: fromMs, lt: toMs, format: 'epoch_millis' } },
});

/** Longer values are kept, but cannot be asked for by other tools. */
const keyword = { type: 'keyword', ignore_above: 256 } as const;
const kept = { type: 'keyword', index: false, doc_values: false } as const;
const number = { type: 'long', index: false } as const;

/** Fields are those of this list and no others: nothing that a log says can make one. */
const eventMapping = {
  dynamic: 'strict',
  subobjects: false,
  properties: {
    kind: { type: 'keyword' },
    '@timestamp': { type: 'date' },
    'event.id': { type: 'keyword', index: false },
    received: { type: 'date' },
    ...Object.fromEntries([...entityFields].map((field) => [field, keyword])),
    // Every other field of an event, for other tools.
    rest: { type: 'flattened', ignore_above: 256 },
    // The same words as the embedded store's: what is found does not depend on the distribution's analyzers.
    terms: { type: 'text', analyzer: 'whitespace', index_options: 'docs', norms: false },
    odd: kept,
    matches: kept,
    reject: kept,
    matched: { type: 'integer' },
    records: number,
    parsed: number,
    rejected: number,
    refused: number,
  },
} as const;

/** Raised with every change of the mapping; an older center must not put its own in the place of a newer one's. */
export const EVENT_FORMAT = 1;

export const eventTemplate = (prefix: string): object => ({
  index_patterns: [allEvents(prefix)],
  priority: 400,
  version: EVENT_FORMAT,
  template: {
    settings: {
      number_of_shards: 1,
      auto_expand_replicas: '0-1',
      // Half the disk for the same work (measured).
      codec: 'best_compression',
      // Refreshed every second for so long after a search, see refresh.ts: monitoring asks every few seconds how much there is.
      'search.idle.after': '5s',
    },
    mappings: eventMapping,
  },
});

export const ledgerMapping = {
  dynamic: 'strict',
  subobjects: false,
  properties: {
    kind: { type: 'keyword' },
    received: { type: 'date' },
    'organization.id': { type: 'keyword' },
    'hinomi.source_id': keyword,
    /** Of the index whose sums they are. */
    uuid: { type: 'keyword' },
    parsed: number,
    rejected: number,
    refused: number,
    /** State of a removal, JSON, in a document of its own. */
    folding: kept,
  },
} as const;

export const periodMapping = { dynamic: false, properties: {} } as const;
