/**
 * The tracer port: the walk of a batch as spans of one trace, from the intake to its alerts, over whatever processes it goes through.
 * Stages see this and nothing else of the folder; where `telemetry.otlpUrl` is not set they get noTracer, and nothing else is loaded.
 * Names, ids and counts only: no content of logs, no text of errors, no secret.
 */

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** As OpenTelemetry has them: who asks whom, or who leaves work for whom. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface Span {
  /** For those who go on with the trace, here or in another process (W3C Trace Context); undefined where nothing is traced. */
  readonly traceparent: string | undefined;
  /** Later values of a name win. After the end it does nothing. */
  set(attributes: Attributes): void;
  /** The first end or failure counts. */
  end(): void;
  /** Ends it as failed, with the error's code or name; what the error says stays here, for it may quote a log. */
  fail(error: unknown): void;
}

/** Never throws, never waits. */
export interface Tracer {
  /**
   * The center's first span of a trace: goes on with the sender's `traceparent` when it is a valid one, else begins a new trace.
   * `said` is a stranger's text. Whether it is traced is decided here, once for the whole trace.
   */
  begin(name: string, kind: SpanKind, said: string | undefined): Span;
  /** A further span, below the one that `parent` is the traceparent of; nothing where that one was not traced. */
  follow(name: string, kind: SpanKind, parent: string | undefined): Span;
}

/** What is not traced. */
export const noSpan: Span = {
  traceparent: undefined,
  set: () => undefined,
  end: () => undefined,
  fail: () => undefined,
};

export const noTracer: Tracer = { begin: () => noSpan, follow: () => noSpan };
