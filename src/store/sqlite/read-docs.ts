/** What a reader thread answers about documents: pages, single ones, counts. Documents stay JSON. */
import type { Scope } from '../../model/scope.ts';
import { normalise } from '../../search/normalise.ts';
import { formatCursor, parseCursor } from '../cursor.ts';
import { kinds, whereIndex } from '../kinds.ts';
import type { DocQuery, Kind, Progress } from '../store.ts';
import type { SqliteFile } from './file.ts';
import { column } from './format.ts';
import { inScope, scopeParameter } from './scope.ts';

interface Conditions {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** Shared things are for those who may see all whom they concern. */
function visible(kind: Kind, scope: Scope): string {
  if (kind !== 'campaign' || scope.members === 'all') return inScope(scope);
  return `members <> '[]' AND NOT EXISTS (
    SELECT 1 FROM json_each(members) AS needed WHERE needed.value NOT IN (SELECT value FROM json_each(?1)))`;
}

/** Throws RangeError for a filter or text that the kind does not have. */
function conditionsOf(kind: Kind, scope: Scope, query: Partial<DocQuery>): Conditions {
  const parts = [visible(kind, scope)];
  const parameters = [scopeParameter(scope)];
  const bind = (value: string): string => `?${parameters.push(value)}`;
  for (const [property, wanted] of Object.entries(query.where ?? {})) {
    whereIndex(kind, property);
    const name = column(property);
    const values = typeof wanted === 'string' ? [wanted] : wanted;
    const given = values.filter((value) => value !== '');
    const list = given.length === 0 ? [] : [`${name} IN (${given.map(bind).join(', ')})`];
    if (values.includes('')) list.push(`${name} IS NULL`);
    parts.push(list.length === 0 ? 'FALSE' : `(${list.join(' OR ')})`);
  }
  if (query.from !== undefined) parts.push(`sort >= ${bind(query.from)}`);
  if (query.to !== undefined) parts.push(`sort < ${bind(query.to)}`);
  const words = query.text === undefined ? [] : normalise(query.text).split(/\s+/).filter(Boolean);
  if (words.length > 0 && kinds[kind].text === undefined) throw new RangeError(`${kind} cannot be searched by text`);
  for (const word of words.slice(0, 32)) parts.push(`instr(text, ${bind(word)}) > 0`);
  return { text: parts.join(' AND '), parameters };
}

export function find(state: SqliteFile, kind: Kind, scope: Scope, query: DocQuery): { items: string[]; next?: string } {
  const { limit, order = 'newest', cursor } = query;
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
    throw new RangeError(`limit ${limit}: ask for 1 to 1,000 documents`);
  }
  const list = `${kind} ${order}`;
  const { text, parameters } = conditionsOf(kind, scope, query);
  const [way, compare] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
  const after = cursor === undefined ? [] : (parseCursor(cursor, list, ['string', 'string']) as string[]);
  const sortAt = parameters.length + 1;
  const further = after.length === 0 ? '' : `AND (sort, id) ${compare} (?${sortAt}, ?${sortAt + 1})`;
  const rows = state.read(() =>
    state
      .sql(
        `SELECT rowid AS place, sort, id FROM "${kind}" WHERE ${text} ${further}
         ORDER BY sort ${way}, id ${way} LIMIT ?${sortAt + after.length}`,
      )
      .all(...parameters, ...after, limit + 1),
  ) as { place: number; sort: string; id: string }[];
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const body = state.sql(`SELECT body FROM "${kind}" WHERE rowid = ?`);
  const items = page.flatMap(({ place }) => (body.get(place) as { body: string } | undefined)?.body ?? []);
  return {
    items,
    ...(rows.length > limit && last !== undefined && { next: formatCursor(list, [last.sort, last.id]) }),
  };
}

export function get(state: SqliteFile, kind: Kind, scope: Scope, id: string): string | undefined {
  const row = state.read(() =>
    state.sql(`SELECT body FROM "${kind}" WHERE id = ?2 AND ${visible(kind, scope)}`).get(scopeParameter(scope), id),
  ) as { body: string } | undefined;
  return row?.body;
}

export function count(
  state: SqliteFile,
  kind: Kind,
  scope: Scope,
  by: string,
  query: Partial<DocQuery>,
): [value: string, documents: number][] {
  whereIndex(kind, by);
  const { text, parameters } = conditionsOf(kind, scope, query);
  const rows = state.read(() =>
    state
      .sql(
        `SELECT ifnull(${column(by)}, '') AS value, count(*) AS documents FROM "${kind}" WHERE ${text} GROUP BY value`,
      )
      .all(...parameters),
  ) as { value: string; documents: number }[];
  return rows.map(({ value, documents }) => [value, documents]);
}

export function progress(state: SqliteFile): Progress {
  const row = state.read(() => state.sql('SELECT applied_ms, advanced_ms FROM progress').get()) as {
    applied_ms: number | null;
    advanced_ms: number | null;
  };
  return { appliedMs: row.applied_ms ?? undefined, advancedMs: row.advanced_ms ?? undefined };
}

export function applied(state: SqliteFile, batchId: string): number | undefined {
  const row = state.read(() => state.sql('SELECT alerts FROM applied WHERE batch = ?').get(batchId)) as
    | { alerts: number }
    | undefined;
  return row?.alerts;
}
