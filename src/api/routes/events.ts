/** Events: search, counts over time, and one by id. The query language is search/parse.ts; finding is the store's. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import type { Scope } from '../../model/scope.ts';
import { parseQuery, QueryError } from '../../search/parse.ts';
import type { Query } from '../../search/query.ts';
import type { EventQuery } from '../../store/store.ts';
import { everyRole, readerOf } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { eventView, presentEvent } from '../present.ts';
import { found } from '../problem.ts';
import { narrowed } from '../reader.ts';
import { id, idParams, listOf, page, pageOf, time } from '../schema.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MAX_BUCKETS = 2_000;

const range = {
  since: time.optional().describe('Event time, inclusive; 24 hours before `until` when left out'),
  until: time.optional().describe('Event time, exclusive; a little after now when left out, for clocks run ahead'),
  memberId: id.optional(),
  sourceId: id.optional(),
};

function rangeOf(query: { since?: string | undefined; until?: string | undefined }): { since: string; until: string } {
  const untilMs = query.until === undefined ? Date.now() + 5 * MINUTE_MS : Date.parse(query.until);
  const sinceMs = query.since === undefined ? untilMs - DAY_MS : Date.parse(query.since);
  if (sinceMs >= untilMs) throw new Refusal('invalid-request', 'query.since: must be before `until`');
  return { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() };
}

/** Throws Refusal with the position of the mistake. */
function parseSearch(text: string | undefined): Query | undefined {
  if (text === undefined) return undefined;
  try {
    return parseQuery(text);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new Refusal('invalid-request', `query.q: ${error.message}`, {
      extra: { position: error.position, errors: [{ field: 'query.q', message: error.message }] },
    });
  }
}

/** A source lies within its member: what the reader may not see of the member it may not see of the source. */
function scopeFor(scope: Scope, query: { memberId?: string | undefined; sourceId?: string | undefined }): Scope {
  return narrowed(narrowed(scope, query.memberId), query.sourceId?.split('.', 1)[0]);
}

export function addEvents(server: ApiServer, { store }: ApiParts): void {
  server.route({
    method: 'GET',
    url: '/api/v1/events',
    config: { access: everyRole },
    schema: {
      operationId: 'searchEvents',
      summary: 'Search events, newest first',
      description:
        'A search that takes long is cut: the page then has fewer items, even none, and `next` goes on from `searchedTo`.',
      tags: ['events'],
      querystring: page.extend({
        q: z.string().max(4_096).optional().describe('Words, "phrases", field:value, AND OR NOT, ( ), * and ?'),
        ...range,
      }),
      response: {
        200: listOf(eventView).extend({
          searchedTo: z.iso.datetime().describe('Everything from here to `until` has been looked at'),
        }),
      },
    },
    handler: async (request) => {
      const scope = scopeFor(readerOf(request).scope, request.query);
      const { q, sourceId } = request.query;
      const { since, until } = rangeOf(request.query);
      const asked = parseSearch(q);
      const ofSource: Query | undefined =
        sourceId === undefined
          ? undefined
          : { op: 'field', field: 'hinomi.source_id', text: sourceId, wildcard: false };
      const both = [asked, ofSource].filter((part) => part !== undefined);
      const query: Query | undefined = both.length > 1 ? { op: 'and', of: both } : both[0];
      const wanted: EventQuery = { since, until, ...(query !== undefined && { query }), ...pageOf(request.query) };
      const { items, next, searchedTo } = await store.findEvents(scope, wanted);
      return { items: items.map(presentEvent), searchedTo, ...(next !== undefined && { next }) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/events/histogram',
    config: { access: everyRole },
    schema: {
      operationId: 'countEvents',
      summary: 'Events over time, all of them whatever the query',
      tags: ['events'],
      querystring: z.strictObject({
        step: z.coerce
          .number()
          .int()
          .min(MINUTE_MS)
          .multipleOf(MINUTE_MS)
          .optional()
          .describe('Milliseconds a bucket, whole minutes; about 100 buckets when left out'),
        ...range,
      }),
      response: { 200: listOf(z.object({ at: z.iso.datetime(), events: z.int() })).omit({ next: true }) },
    },
    handler: async (request) => {
      const scope = scopeFor(readerOf(request).scope, request.query);
      const { sourceId, step } = request.query;
      const { since, until } = rangeOf(request.query);
      const spanMs = Date.parse(until) - Date.parse(since);
      const stepMs = step ?? Math.max(1, Math.ceil(spanMs / 100 / MINUTE_MS)) * MINUTE_MS;
      if (spanMs / stepMs > MAX_BUCKETS) {
        throw new Refusal('invalid-request', `query.step: more than ${MAX_BUCKETS} buckets; take a larger step`);
      }
      const ofSource = sourceId === undefined ? {} : { sourceId };
      return { items: await store.countEvents(scope, { since, until, stepMs, ...ofSource }) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/events/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getEvent',
      summary: 'One event',
      tags: ['events'],
      params: idParams,
      response: { 200: eventView },
    },
    handler: async (request) => {
      const [event] = await store.getEvents(readerOf(request).scope, [request.params.id]);
      return presentEvent(found(event));
    },
  });
}
