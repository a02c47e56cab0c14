/**
 * Spans: ids, times, attributes, and the decision whether a trace is kept. Hands each span on when it ends, and keeps nothing of it.
 * What a sender says may choose the ids of a trace and may leave the trace out; it cannot make the center trace more than its ratio.
 */
import { randomBytes } from 'node:crypto';
import { formatTraceparent, parseTraceparent, type TraceParent } from './traceparent.ts';
import { type Attributes, noSpan, type Span, type SpanKind, type Tracer } from './tracer.ts';

/** A span that ended. Plain data: it travels between threads. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Microseconds since 1970. */
  readonly startUs: number;
  readonly endUs: number;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

export interface SpansOptions {
  /** Share of the traces that begin here and are kept, 0 to 1. */
  readonly ratio: number;
  /** Takes a span; must not throw, and must know its bounds. */
  readonly emit: (span: FinishedSpan) => void;
  /** From 0, below 1; decides what is kept. Not the trace's id: that may be a sender's choice. */
  readonly random?: () => number;
  readonly nowUs?: () => number;
}

export function createSpans({ ratio, emit, random = Math.random, nowUs = createClock() }: SpansOptions): Tracer {
  function open(name: string, kind: SpanKind, traceId: string, parentSpanId: string | undefined): Span {
    const spanId = randomBytes(8).toString('hex');
    const startUs = nowUs();
    const attributes: Record<string, string | number | boolean> = {};
    let ended = false;
    const finish = (failed: boolean): void => {
      if (ended) return;
      ended = true;
      emit({ traceId, spanId, parentSpanId, name, kind, startUs, endUs: nowUs(), attributes, failed });
    };
    return {
      traceparent: formatTraceparent(traceId, spanId),
      set(more) {
        if (!ended) Object.assign(attributes, more);
      },
      end: () => finish(false),
      fail(error) {
        if (!ended) attributes['error.type'] = errorType(error);
        finish(true);
      },
    };
  }

  return {
    begin(name, kind, said) {
      const from = said === undefined ? undefined : parseTraceparent(said);
      if (from?.sampled === false || random() >= ratio) return noSpan;
      return open(name, kind, from?.traceId ?? randomBytes(16).toString('hex'), from?.spanId);
    },
    follow(name, kind, parent) {
      const from: TraceParent | undefined = parent === undefined ? undefined : parseTraceparent(parent);
      return from?.sampled === true ? open(name, kind, from.traceId, from.spanId) : noSpan;
    },
  };
}

/** A word of few: the code that an error has, or its name. */
function errorType(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  const word = typeof code === 'string' ? code : name;
  return typeof word === 'string' && /^[\w.-]{1,60}$/.test(word) ? word : '_OTHER';
}

const MAX_DRIFT_US = 500_000;

/** Microseconds since 1970, finer than Date.now() and going on evenly; set anew where the machine's clock was. */
function createClock(): () => number {
  let anchorUs = Number.NaN;
  return () => {
    const runUs = performance.now() * 1_000;
    const wallUs = Date.now() * 1_000;
    if (!(Math.abs(anchorUs + runUs - wallUs) < MAX_DRIFT_US)) anchorUs = wallUs - runUs;
    return Math.round(anchorUs + runUs);
  };
}
