/**
 * One table: what each kind of document sorts by, whom it belongs to, what it can be filtered and searched by.
 * Adapters make columns and indexes of it; a kind or a filter is added here and nowhere else.
 */
import type { Alert, Incident } from '../model/alert.ts';
import type { Change, Docs, Kind } from './store.ts';

interface KindRow<D> {
  /** Property that pages are ordered by, before the id. */
  readonly sort: keyof D & string;
  /**
   * Whose it is: the member's id, or a list of members all of whom a reader must see. null: the center's own, seen only by
   * readers of all members.
   */
  readonly member: (doc: D) => string | null | readonly string[];
  /** Properties that `where` and `count` know -> their value. null is filtered and counted as ''. */
  readonly where: Readonly<Record<string, (doc: D) => string | null>>;
  /** Filters that narrow so far that they deserve an index of their own. */
  readonly pivots?: readonly string[];
  /** What `text` looks into. */
  readonly text?: (doc: D) => string;
  /** Entries are only added, never changed or removed. */
  readonly appendOnly?: true;
}

const describeCase = (doc: Alert | Incident, ...more: readonly string[]): string =>
  [doc.title, doc.titleJa ?? '', ...doc.entities.map(({ value }) => value), ...more].join('\n');

const table: { readonly [K in Kind]: KindRow<Docs[K]> } = {
  member: { sort: 'id', member: (doc) => doc.id, where: { kind: (doc) => doc.kind } },
  source: {
    sort: 'id',
    member: (doc) => doc.memberId,
    where: { memberId: (doc) => doc.memberId, type: (doc) => doc.type },
  },
  user: {
    sort: 'login',
    member: () => null,
    where: { login: (doc) => doc.login, role: (doc) => doc.role },
    pivots: ['login'],
  },
  key: {
    sort: 'createdAt',
    member: (doc) => doc.memberId,
    where: { kind: (doc) => doc.kind, sourceId: (doc) => doc.sourceId, memberId: (doc) => doc.memberId },
    pivots: ['sourceId'],
  },
  session: { sort: 'createdAt', member: () => null, where: { userId: (doc) => doc.userId }, pivots: ['userId'] },
  alert: {
    sort: 'lastSeenAt',
    member: (doc) => doc.memberId,
    where: {
      status: (doc) => doc.status,
      level: (doc) => doc.level,
      memberId: (doc) => doc.memberId,
      ruleId: (doc) => doc.ruleId,
      incidentId: (doc) => doc.incidentId,
      campaignId: (doc) => doc.campaignId,
      assignee: (doc) => doc.assignee,
    },
    pivots: ['incidentId', 'campaignId'],
    text: (doc) => describeCase(doc, doc.ruleId),
  },
  incident: {
    sort: 'lastSeenAt',
    member: (doc) => doc.memberId,
    where: {
      status: (doc) => doc.status,
      level: (doc) => doc.level,
      memberId: (doc) => doc.memberId,
      campaignId: (doc) => doc.campaignId,
      assignee: (doc) => doc.assignee,
      mergedInto: (doc) => doc.mergedInto,
    },
    pivots: ['campaignId', 'mergedInto'],
    text: (doc) => describeCase(doc),
  },
  campaign: {
    sort: 'lastSeenAt',
    member: (doc) => doc.memberIds,
    where: { status: (doc) => doc.status, level: (doc) => doc.level },
  },
  audit: {
    sort: 'id',
    member: (doc) => doc.memberId,
    where: {
      actor: (doc) => doc.actor,
      action: (doc) => doc.action,
      memberId: (doc) => doc.memberId,
      'target.kind': (doc) => doc.target.kind,
      'target.id': (doc) => doc.target.id,
    },
    pivots: ['target.id'],
    appendOnly: true,
  },
};

/** The same table where the kind is known only as text. */
export const kinds: Readonly<Record<Kind, Omit<KindRow<never>, 'sort'> & { readonly sort: string }>> = table;
export const kindNames = Object.keys(table) as readonly Kind[];

/** What an adapter stores of a document beside its JSON. */
export interface DocHead {
  readonly kind: Kind;
  readonly id: string;
  readonly version: number;
  readonly sort: string;
  readonly member: string | null;
  /** Kinds that belong to several members; null for all others. */
  readonly members: readonly string[] | null;
  /** One per name in `where`, in the table's order; '' became null. */
  readonly where: readonly (string | null)[];
  readonly text: string | null;
}

export function describeDoc(change: Change): DocHead {
  const row = table[change.kind] as unknown as KindRow<Docs[Kind]>;
  const { doc } = change;
  const owner = row.member(doc);
  return {
    kind: change.kind,
    id: doc.id,
    version: doc.version,
    sort: String(doc[row.sort as keyof typeof doc]),
    member: typeof owner === 'string' ? owner : null,
    members: Array.isArray(owner) ? owner : null,
    where: Object.values(row.where).map((value) => value(doc) || null),
    text: row.text === undefined ? null : row.text(doc),
  };
}

/** Position of a filter in `where`. Throws RangeError that names those there are. */
export function whereIndex(kind: Kind, property: string): number {
  const names = Object.keys(kinds[kind].where);
  const index = names.indexOf(property);
  if (index < 0) throw new RangeError(`${kind} cannot be filtered by "${property}", only by ${names.join(', ')}`);
  return index;
}
