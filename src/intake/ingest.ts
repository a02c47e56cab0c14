/**
 * The center's own front door: POST /ingest takes a body of records for the source of the key, and says yes (202 and a receipt)
 * only when the batch is durable. GET /ingest/receipts/<id> tells what became of it. Parses no record.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connector } from '../connector.ts';
import { errorCodes, Refusal } from '../errors.ts';
import { batchId, jobId, jobOfBatch } from '../ids.ts';
import type { Receipt, RecordsHead } from '../model/batch.ts';
import type { Source } from '../model/member.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { packFrame } from '../pipeline/frame.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';
import type { Span, Tracer } from '../telemetry/tracer.ts';
import type { Authenticate } from './authenticate.ts';
import { unpackBody } from './body.ts';
import type { Backlog, Quota } from './quota.ts';
import type { Refused } from './refused.ts';
import { type Split, splitJson, splitLines } from './split.ts';

export interface IngestParts {
  readonly authenticate: Authenticate;
  readonly queue: Queue;
  readonly store: Store;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly quota: Quota;
  readonly backlog: Backlog;
  readonly refused: Refused;
  readonly tracer: Tracer;
  readonly maxUnpackedBytes: number;
}

/** 202: accepted and durable. `known` says that the batch had been accepted before. */
export interface Accepted {
  readonly batchId: string;
  readonly sourceId: string;
  readonly receivedAt: string;
  readonly records: number;
  readonly known: boolean;
}

const lineTypes = new Set(['text/plain', 'application/x-ndjson', 'application/ndjson', 'application/jsonl']);

function splitBody(body: Uint8Array, contentType: string | undefined, source: Source): Split {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (lineTypes.has(type)) return splitLines(body, source.encoding);
  if (type === 'application/json') return splitJson(body, source.encoding);
  throw new Refusal(
    'unsupported-media-type',
    `content type "${type.slice(0, 60)}" is not taken; send text/plain (lines), application/x-ndjson or application/json`,
  );
}

function readBatchKey(header: string | string[] | undefined): string {
  if (header === undefined) return randomUUID();
  const key = Array.isArray(header) ? header.join(',') : header;
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new Refusal('invalid-request', 'Idempotency-Key: 1 to 200 printable ASCII characters without spaces');
  }
  return key;
}

/** Whoever has no key makes no span. */
function beginSpan(tracer: Tracer, { headers, body }: FastifyRequest, source: Source): Span {
  const said = headers.traceparent;
  const span = tracer.begin('intake.accept', 'server', typeof said === 'string' ? said : undefined);
  span.set({
    ...{ 'http.request.method': 'POST', 'http.route': '/ingest' },
    ...{ 'http.request.body.size': (body as Buffer | undefined)?.length ?? 0 },
    ...{ 'messaging.operation.name': 'push', 'messaging.operation.type': 'send' },
    ...{ 'messaging.destination.name': 'records' },
    ...{ 'hinomi.member_id': source.memberId, 'hinomi.source_id': source.id },
  });
  return span;
}

/** As for every HTTP server: what the sender did wrong is no failure of the center. */
function endRefused(span: Span, error: unknown): void {
  const code = error instanceof Refusal ? error.code : 'busy';
  const { status } = errorCodes[code];
  span.set({ 'http.response.status_code': status, 'hinomi.refused': code });
  if (status < 500) span.end();
  else span.fail(error);
}

/** Adds the two routes. The server must hand bodies over as Buffers (intake/server.ts). */
export function addIngest(server: FastifyInstance, parts: IngestParts): void {
  async function accept(
    request: FastifyRequest,
    source: Source,
    seen: { records: number },
    { traceparent }: Span,
  ): Promise<Accepted> {
    const batchKey = readBatchKey(request.headers['idempotency-key']);
    await parts.backlog.check();
    const body = await unpackBody(
      (request.body as Buffer | undefined) ?? Buffer.alloc(0),
      request.headers['content-encoding'],
      parts.maxUnpackedBytes,
    );
    const { spans, encoding } = splitBody(body, request.headers['content-type'], source);
    const records = spans.length / 2;
    if (records === 0) throw new Refusal('invalid-request', 'the body holds no record');
    seen.records = records;
    parts.quota.take(source.id, records);
    const receivedAt = new Date().toISOString();
    const id = jobId(source.id, batchKey);
    const head: RecordsHead = { encoding, ...(traceparent !== undefined && { traceparent }) };
    const [pushed] = await parts.queue.push([
      {
        id,
        memberId: source.memberId,
        sourceId: source.id,
        records,
        receivedAt,
        head: JSON.stringify(head),
        body: await packFrame(body, spans),
      },
    ]);
    if (pushed === undefined) throw new Error('the queue did not answer for the batch');
    return {
      batchId: batchId(id, pushed.receivedAt),
      sourceId: source.id,
      receivedAt: pushed.receivedAt,
      records: pushed.records,
      known: pushed.known,
    };
  }

  server.post('/ingest', async (request: FastifyRequest, reply: FastifyReply): Promise<Accepted> => {
    const source = await parts.authenticate(request.headers.authorization);
    // A body refused unread counts as one record: how many it held nobody knows.
    const seen = { records: 1 };
    const span = beginSpan(parts.tracer, request, source);
    try {
      const accepted = await accept(request, source, seen, span);
      span.set({
        ...{ 'http.response.status_code': 202, 'messaging.message.id': accepted.batchId },
        ...{ 'hinomi.records': accepted.records, 'hinomi.known': accepted.known },
      });
      span.end();
      reply.code(202).header('location', `/ingest/receipts/${accepted.batchId}`);
      return accepted;
    } catch (error) {
      parts.refused.add(source, seen.records);
      endRefused(span, error);
      if (error instanceof Refusal) throw error;
      request.log.error({ err: error, sourceId: source.id }, 'batch could not be stored');
      throw new Refusal('busy', 'the center could not store the batch; it holds nothing of it. Send it again', {
        headers: { 'retry-after': '5' },
      });
    }
  });

  server.get<{ Params: { id: string } }>('/ingest/receipts/:id', async (request): Promise<Receipt> => {
    const source = await parts.authenticate(request.headers.authorization);
    const job = jobOfBatch(request.params.id);
    const known = job === undefined ? undefined : await parts.queue.state(job);
    if (
      job === undefined ||
      known === undefined ||
      known.sourceId !== source.id ||
      batchId(job, known.receivedAt) !== request.params.id
    ) {
      throw new Refusal('not-found', 'this source has no such receipt; receipts are kept for two weeks');
    }
    const { id } = request.params;
    const outcome = await parts.store.outcome(CENTER_SCOPE, id, known.receivedAt);
    const applied = outcome?.matches === 0 ? 0 : (await parts.store.applied([id])).get(id);
    return {
      batchId: id,
      sourceId: source.id,
      receivedAt: known.receivedAt,
      state: known.state,
      records: known.records,
      events: outcome?.parsed ?? 0,
      rejects: outcome?.rejects ?? 0,
      alerts: outcome === undefined ? null : (applied ?? null),
    };
  });
}
