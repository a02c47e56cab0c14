/**
 * The search over blocks. The index proposes blocks, newest first; the events' bodies decide. A search ends when no block that was
 * not opened can hold anything newer than the last of the page, or when its time is over. It gives way to other reads meanwhile.
 */
import type { Scope } from '../../model/scope.ts';
import { compileQuery } from '../../search/match.ts';
import { queryTerms, type TermQuery } from '../../search/terms.ts';
import { eventPosition, eventWindow } from '../event-reads.ts';
import { asciiSafeWord } from '../index-word.ts';
import type { EventQuery } from '../store.ts';
import type { Blocks } from './block.ts';
import type { Days } from './days.ts';
import type { SqliteFile } from './file.ts';
import { compilePrefilter } from './prefilter.ts';
import { inScope, scopeParameter } from './scope.ts';

export interface SearchParts {
  readonly days: Days;
  readonly blocks: Blocks;
  /** Lets other calls go first when this one has had its turn. */
  readonly breathe: () => Promise<void> | undefined;
}

/** A page whose events are still JSON. */
export interface LinePage {
  readonly items: readonly string[];
  readonly next?: string;
  readonly searchedTo: string;
}

interface Candidate {
  readonly id: number;
  readonly maxMs: number;
}

/** Candidates of one day's file, read in portions. */
interface Stream {
  readonly day: string;
  waiting: Candidate[];
  at: number;
  /** Where the next portion begins; undefined when there is none. */
  after: Candidate | undefined;
}

interface Found {
  readonly ms: number;
  readonly id: string;
  readonly line: string;
}

const PORTION = 500;
/** The index refuses trees it cannot hold; such a query looks at everything. */
const MOST_TERMS = 400;

export async function findEvents(parts: SearchParts, scope: Scope, query: EventQuery): Promise<LinePage> {
  const { sinceMs, untilMs, before, budgetMs } = eventWindow(query);
  const deadline = performance.now() + budgetMs;
  const walk = openWalk(parts, scope, query, sinceMs, untilMs);
  const look = compileLook(query);
  const page = createPage(query.limit);
  const searchedAll = { items: [], searchedTo: new Date(sinceMs).toISOString() };
  if (sinceMs >= untilMs) return searchedAll;

  for (;;) {
    const frontier = Math.min(walk.frontier(), untilMs - 1);
    if (frontier < sinceMs) break;
    const last = page.last();
    if (last !== undefined && last.ms > frontier) return page.cut();
    // A page must come further than the one before, or it would be asked for again and again.
    if (performance.now() > deadline && frontier < untilMs - 1) return page.stop(frontier);
    await parts.breathe();
    const block = walk.next();
    if (block === undefined) continue;
    for (let index = 0; index < block.times.length; index++) {
      const ms = block.times[index] as number;
      if (ms < sinceMs || ms >= untilMs || !page.takes(ms)) continue;
      const id = look(block.lines[index] as string);
      if (id === undefined || (ms === before?.ms && id >= before.id)) continue;
      page.add({ ms, id, line: block.lines[index] as string });
    }
  }
  return page.overflowed() ? page.cut() : { ...searchedAll, items: page.items() };
}

/** Line -> the event's id if the query wants it. */
function compileLook({ query }: EventQuery): (line: string) => string | undefined {
  const perhaps = query === undefined ? undefined : compilePrefilter(query);
  const matches = query === undefined ? undefined : compileQuery(query);
  return (line) => {
    if (perhaps?.(line) === false) return undefined;
    const event = JSON.parse(line);
    return matches?.(event) === false ? undefined : event['event.id'];
  };
}

const newerFirst = (a: Found, b: Found): number => b.ms - a.ms || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

function createPage(limit: number) {
  const items: Found[] = [];
  /** Something was left out for want of room. */
  let more = false;
  const lines = (found: readonly Found[]): string[] => found.map(({ line }) => line);
  return {
    /** The last one, once the page is full. */
    last: (): Found | undefined => items[limit - 1],
    overflowed: (): boolean => more,
    /** Whether an event of that time has a place. */
    takes(ms: number): boolean {
      const last = items[limit - 1];
      if (last === undefined || ms >= last.ms) return true;
      more = true;
      return false;
    },
    add(found: Found): void {
      let low = 0;
      for (let high = items.length; low < high; ) {
        const middle = (low + high) >> 1;
        if (newerFirst(items[middle] as Found, found) < 0) low = middle + 1;
        else high = middle;
      }
      items.splice(low, 0, found);
      if (items.length > limit) {
        items.pop();
        more = true;
      }
    },
    items: (): string[] => lines(items),
    /** The page is full; there may be more. */
    cut(): LinePage {
      const { ms, id } = items.at(-1) as Found;
      return { items: lines(items), ...eventPosition(ms, id) };
    },
    /** Out of time: only what is newer than everything unseen is known to be in its place. */
    stop(frontier: number): LinePage {
      const sure = items.filter(({ ms }) => ms > frontier);
      return { items: lines(sure), ...eventPosition(frontier + 1, '') };
    },
  };
}

/** The blocks that may hold what is asked for, the one that reaches furthest towards now first, over all days. */
function openWalk(parts: SearchParts, scope: Scope, query: EventQuery, sinceMs: number, untilMs: number) {
  const { days, blocks } = parts;
  const unopened = days.overlapping(sinceMs, untilMs).reverse();
  const streams: Stream[] = [];
  const candidates = candidateQuery(scope, query, sinceMs, untilMs);

  const refill = (stream: Stream): void => {
    const { after } = stream;
    stream.at = 0;
    stream.after = undefined;
    stream.waiting = [];
    const file = after === undefined ? undefined : days.open(stream.day);
    if (after === undefined || file === undefined) return;
    stream.waiting = file.read(() => candidates(file, after));
    if (stream.waiting.length === PORTION) stream.after = stream.waiting.at(-1);
  };
  const topOf = (stream: Stream): number => stream.waiting[stream.at]?.maxMs ?? Number.NEGATIVE_INFINITY;
  const newest = (): Stream | undefined => {
    let best: Stream | undefined;
    for (const stream of streams) if (best === undefined || topOf(stream) > topOf(best)) best = stream;
    return best;
  };
  return {
    /** Nothing newer is left; minus infinity when nothing is left at all. */
    frontier(): number {
      const best = newest();
      return Math.max(
        best === undefined ? Number.NEGATIVE_INFINITY : topOf(best),
        unopened.at(-1)?.maxMs ?? Number.NEGATIVE_INFINITY,
      );
    },
    /** The next block, or undefined when only a further file was opened, or a file is gone. */
    next() {
      const best = newest();
      const file = unopened.at(-1);
      if (file !== undefined && (best === undefined || file.maxMs >= topOf(best))) {
        unopened.pop();
        const all = { id: Number.MAX_SAFE_INTEGER, maxMs: Number.MAX_SAFE_INTEGER };
        const stream: Stream = { day: file.day, waiting: [], at: 0, after: all };
        refill(stream);
        if (stream.waiting.length > 0) streams.push(stream);
        return undefined;
      }
      if (best === undefined) return undefined;
      const candidate = best.waiting[best.at++] as Candidate;
      if (best.at >= best.waiting.length) refill(best);
      if (best.waiting.length === 0) streams.splice(streams.indexOf(best), 1);
      const from = days.open(best.day);
      return from?.read(() => blocks.open(from, best.day, candidate.id));
    },
  };
}

function candidateQuery(
  scope: Scope,
  { query }: EventQuery,
  sinceMs: number,
  untilMs: number,
): (file: SqliteFile, after: Candidate) => Candidate[] {
  const terms = query === undefined ? undefined : queryTerms(query);
  const match = terms === undefined || countTerms(terms) > MOST_TERMS ? undefined : matchText(terms);
  const text = `SELECT blocks.id, max_ms AS maxMs
    FROM ${match === undefined ? 'blocks' : 'terms CROSS JOIN blocks ON blocks.id = terms.rowid'}
    WHERE ${match === undefined ? '' : 'terms MATCH ?6 AND'} max_ms >= ?2 AND min_ms < ?3
      AND max_ms <= ?4 AND (max_ms < ?4 OR blocks.id < ?5) AND ${inScope(scope)}
    ORDER BY max_ms DESC, blocks.id DESC LIMIT ${PORTION}`;
  const members = scopeParameter(scope);
  const words = match === undefined ? [] : [match];
  return (file, { maxMs, id }) =>
    file.sql(text).all(members, sinceMs, untilMs, maxMs, id, ...words) as unknown as Candidate[];
}

const countTerms = (terms: TermQuery): number =>
  terms.op === 'term' || terms.op === 'prefix' ? 1 : terms.of.reduce((sum, part) => sum + countTerms(part), 0);

const matchText = (terms: TermQuery): string =>
  terms.op === 'term' || terms.op === 'prefix'
    ? `"${asciiSafeWord(terms.term)}"${terms.op === 'prefix' ? ' *' : ''}`
    : `(${terms.of.map(matchText).join(terms.op === 'and' ? ' AND ' : ' OR ')})`;
