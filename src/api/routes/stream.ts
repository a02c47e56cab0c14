/**
 * Server-sent events: alerts, incidents and campaigns as they change, within the reader's scope. Promises no history: a reader
 * who was away reads the lists again. A reader too slow to follow is cut off rather than kept in memory.
 */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { checkAccess, everyRole, readerOf } from '../access.ts';
import type { Auth } from '../auth.ts';
import type { Live, LiveChange } from '../live.ts';
import type { ApiServer } from '../parts.ts';
import { presentAlert, presentCampaign, presentIncident } from '../present.ts';
import type { Reader } from '../reader.ts';

export const HEARTBEAT_MS = 15_000;
/** An alert that is hit a hundred times a second is told a few times a second. */
const GATHER_MS = 200;
const MAX_GATHERED = 2_000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_PER_READER = 20;

/** The open streams, so that signing out and closing the server end them. */
export interface Streams {
  /** Ends those of one session. */
  end(sessionId: string): void;
  endAll(): void;
  readonly size: number;
  add(stream: OpenStream): void;
  delete(stream: OpenStream): void;
  count(actor: string): number;
}

interface OpenStream {
  readonly actor: string;
  readonly sessionId: string | undefined;
  readonly end: () => void;
}

export function createStreams(): Streams {
  const open = new Set<OpenStream>();
  return {
    end(sessionId) {
      for (const stream of open) if (stream.sessionId === sessionId) stream.end();
    },
    endAll() {
      for (const stream of open) stream.end();
    },
    get size() {
      return open.size;
    },
    add: (stream) => void open.add(stream),
    delete: (stream) => void open.delete(stream),
    count: (actor) => [...open].filter((stream) => stream.actor === actor).length,
  };
}

function present(change: LiveChange, reader: Reader): object {
  if (change.kind === 'alert') return presentAlert(change.doc, reader);
  if (change.kind === 'incident') return presentIncident(change.doc, reader);
  return presentCampaign(change.doc, reader);
}

export function addStream(
  server: ApiServer,
  { live }: { live: Live },
  { auth, streams, heartbeatMs = HEARTBEAT_MS }: { auth: Auth; streams: Streams; heartbeatMs?: number },
): void {
  server.addHook('preClose', async () => streams.endAll());

  /** Whether the request that opened the stream would still be let in as the same reader. */
  const stillAllowed = async (request: FastifyRequest, reader: Reader): Promise<boolean> => {
    try {
      const again = await auth.authenticate(request);
      checkAccess(everyRole, again);
      return again.role === reader.role && JSON.stringify(again.scope) === JSON.stringify(reader.scope);
    } catch {
      return false;
    }
  };

  const open = (request: FastifyRequest, reader: Reader): Readable => {
    const out = new Readable({ read() {} });
    let gathered = new Map<string, LiveChange>();
    let ended = false;
    const write = (text: string): void => {
      if (ended) return;
      if (out.readableLength > MAX_BUFFERED_BYTES) out.destroy();
      else out.push(text);
    };
    const flush = (): void => {
      if (gathered.size === 0) return;
      const changes = gathered;
      gathered = new Map();
      // One line of data: JSON.stringify escapes every line break, so no document can end its own message.
      for (const change of changes.values())
        write(`event: ${change.kind}\ndata: ${JSON.stringify(present(change, reader))}\n\n`);
    };
    const unsubscribe = live.subscribe(reader.scope, (change) => {
      gathered.set(`${change.kind} ${change.doc.id}`, change);
      if (gathered.size > MAX_GATHERED) end();
    });
    const flushing = setInterval(flush, GATHER_MS);
    const beating = setInterval(() => {
      write(': still here\n\n');
      void stillAllowed(request, reader).then((allowed) => {
        if (!allowed) end();
      });
    }, heartbeatMs);
    const stream: OpenStream = { actor: reader.actor, sessionId: reader.session?.id, end };
    function end(): void {
      if (ended) return;
      ended = true;
      clearInterval(flushing);
      clearInterval(beating);
      unsubscribe();
      streams.delete(stream);
      if (!out.destroyed) out.push(null);
    }
    out.on('close', end);
    streams.add(stream);
    out.push('retry: 3000\n\n');
    return out;
  };

  server.route({
    method: 'GET',
    url: '/api/v1/stream',
    config: { access: everyRole },
    schema: {
      operationId: 'stream',
      summary: 'Changes as they happen: events "alert", "incident", "campaign", each with the document as data',
      tags: ['stream'],
      response: {
        200: {
          description: 'Server-sent events until the session ends',
          content: { 'text/event-stream': { schema: z.string() } },
        },
      },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      if (streams.count(reader.actor) >= MAX_PER_READER) {
        throw new Refusal('over-quota', `at most ${MAX_PER_READER} streams at once; close one first`, {
          headers: { 'retry-after': '30' },
        });
      }
      return reply
        .type('text/event-stream')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(open(request, reader) as never);
    },
  });
}
