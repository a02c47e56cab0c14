/** A collector of traces on loopback, for tests: takes OTLP/JSON as strictly as a real one, and can be told to fail. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  /** Of the process. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface FakeCollector {
  readonly url: string;
  /** Taken, in the order they came. */
  readonly spans: CollectedSpan[];
  /** Headers of all requests. */
  readonly requests: IncomingMessage['headers'][];
  /** What becomes of a request; takes it by default. "silent" never answers. */
  answer: 'take' | 'silent' | ((response: ServerResponse) => void);
  /** Resolves when `enough` says so. */
  until(enough: (spans: readonly CollectedSpan[]) => boolean, limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly boolValue?: boolean;
  readonly doubleValue?: number;
}

export async function openFakeCollector(): Promise<FakeCollector> {
  const server = createServer(async (request, response) => {
    collector.requests.push(request.headers);
    try {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
      if (collector.answer === 'silent') return;
      if (collector.answer !== 'take') return collector.answer(response);
      if (
        request.method !== 'POST' ||
        request.url !== '/v1/traces' ||
        request.headers['content-type'] !== 'application/json'
      )
        throw new Error(`${request.method} ${request.url} ${request.headers['content-type']}`);
      collector.spans.push(...readSpans(body));
      response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}');
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const collector: FakeCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    requests: [],
    answer: 'take',
    async until(enough, limitMs = 15_000) {
      const end = Date.now() + limitMs;
      while (!enough(collector.spans)) {
        if (Date.now() > end)
          throw new Error(`these spans only came: ${collector.spans.map(({ name }) => name).join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return collector;
}

/** Throws where a span is not as the specification has it. */
function readSpans(body: unknown): CollectedSpan[] {
  const { resourceSpans } = body as { resourceSpans: { resource: Attributed; scopeSpans: { spans: RawSpan[] }[] }[] };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => readSpan(span, readAttributes(resource)))),
  );
}

interface Attributed {
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
}

interface RawSpan extends Attributed {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code: number };
}

function readSpan(raw: RawSpan, resource: CollectedSpan['resource']): CollectedSpan {
  const { traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status } = raw;
  const wrong = [
    /^[0-9a-f]{32}$/.test(traceId) || traceId,
    /^[0-9a-f]{16}$/.test(spanId) || spanId,
    parentSpanId === undefined || /^[0-9a-f]{16}$/.test(parentSpanId) || parentSpanId,
    [1, 2, 3, 4, 5].includes(kind) || kind,
    [startTimeUnixNano, endTimeUnixNano].every((time) => /^\d{19}$/.test(time)) || startTimeUnixNano,
  ].filter((fine) => fine !== true);
  if (wrong.length > 0) throw new Error(`not OTLP: ${wrong.join(', ')}`);
  return {
    ...{ traceId, spanId, parentSpanId, name, kind, resource },
    ...{ startNs: BigInt(startTimeUnixNano), endNs: BigInt(endTimeUnixNano) },
    attributes: readAttributes(raw),
    failed: status?.code === 2,
  };
}

const readAttributes = ({ attributes }: Attributed): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [found, ...more] = Object.entries(value);
      if (found === undefined || more.length > 0) throw new Error(`not one value: ${key}`);
      return [key, found[0] === 'intValue' ? Number(found[1]) : found[1]];
    }),
  );
