/**
 * Spans as the JSON of OTLP 1.x (ExportTraceServiceRequest): ids in hex, whole numbers of 64 bits as texts, enumerations as numbers.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import type { FinishedSpan } from './spans.ts';
import type { Attributes, SpanKind } from './tracer.ts';

/** What is behind the ports that stages know: named on spans about a queue (messaging.*) or the store (db.*). */
export interface Systems {
  readonly messaging: string;
  readonly db: string;
}

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
const STATUS_ERROR = 2;

/** Text of one request. `resource` says who speaks. */
export function encodeSpans(spans: readonly FinishedSpan[], resource: Attributes, systems: Systems): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: 'hinomi' }, spans: spans.map((span) => encodeSpan(span, systems)) }],
      },
    ],
  });
}

function encodeSpan(span: FinishedSpan, systems: Systems): object {
  const { attributes } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanoseconds(span.startUs),
    endTimeUnixNano: nanoseconds(span.endUs),
    attributes: keyValues({
      ...('messaging.operation.name' in attributes && { 'messaging.system': systems.messaging }),
      ...('db.operation.name' in attributes && { 'db.system.name': systems.db }),
      ...attributes,
    }),
    ...(span.failed && { status: { code: STATUS_ERROR } }),
  };
}

/** Too large for a number of JavaScript. */
const nanoseconds = (us: number): string => `${us}000`;

const keyValues = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
