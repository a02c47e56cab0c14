/**
 * Sends spans to a collector over OTLP/HTTP, many at once, one request at a time. Holds so many and no more: what does not fit, or is
 * refused, or could not be sent in a few tries, is dropped, counted and told. Nothing here makes anybody wait, and nothing throws.
 */
import { encodeSpans, type Systems } from './otlp-json.ts';
import type { FinishedSpan } from './spans.ts';
import type { Attributes } from './tracer.ts';

export interface ExporterOptions {
  /** Base address of the collector; the path of traces is added to it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Attributes;
  readonly systems: Systems;
  readonly log: { warn(data: object, text: string): void };
  readonly limits?: Partial<ExporterLimits>;
}

export interface ExporterLimits {
  /** Spans held, those of a running request included. */
  readonly maxSpans: number;
  /** Spans of one request. */
  readonly maxRequest: number;
  /** How long fewer than that wait for more. */
  readonly everyMs: number;
  /** A request without an answer is given up. */
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  /** Wait after the first failure; it doubles with each. */
  readonly retryMs: number;
  /** How often drops and failures are told, at most. */
  readonly tellMs: number;
  /** What close() may take. */
  readonly closeMs: number;
}

const usual: ExporterLimits = {
  maxSpans: 4_096,
  maxRequest: 512,
  everyMs: 5_000,
  timeoutMs: 10_000,
  maxAttempts: 5,
  retryMs: 1_000,
  tellMs: 60_000,
  closeMs: 1_800,
};
const MAX_RETRY_MS = 30_000;
const MAX_ANSWER_BYTES = 65_536;

export interface Exporter {
  add(span: FinishedSpan): void;
  /** Counts spans that were dropped before they came here. */
  addDropped(count: number): void;
  /** Sends what it holds, within two seconds; what is left then is dropped. */
  close(): Promise<void>;
}

/** `again`: the same request may go through later. */
type Outcome = { readonly refused: number } | { readonly failure: string; readonly again: boolean; waitMs?: number };

export function createExporter({ url, headers, resource, systems, log, limits }: ExporterOptions): Exporter {
  const { maxSpans, maxRequest, everyMs, timeoutMs, maxAttempts, retryMs, tellMs, closeMs } = { ...usual, ...limits };
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/+$/, '')}/v1/traces`;
  /** In the order they came; the first ones are those of the running request. */
  const held: FinishedSpan[] = [];
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Of the spans that are first in line. */
  let attempts = 0;
  /** Until the next request. */
  let nextMs = everyMs;
  let dropped = 0;
  let failure: string | undefined;
  let closed = false;

  const tell = (): void => {
    if (dropped === 0 && failure === undefined) return;
    log.warn(
      { dropped, waiting: held.length, ...(failure !== undefined && { failure }) },
      `traces could not all be sent to ${target.origin} (telemetry.otlpUrl); the center's work goes on without them`,
    );
    dropped = 0;
    failure = undefined;
  };
  const telling = setInterval(tell, tellMs);
  telling.unref();

  function schedule(waitMs: number): void {
    if (closed || running !== undefined || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = send().finally(() => {
        running = undefined;
        if (held.length > 0) schedule(nextMs);
      });
    }, waitMs);
    timer.unref();
  }

  /** One request, and what follows from its outcome. */
  async function send(): Promise<void> {
    const count = Math.min(held.length, maxRequest);
    const outcome = await post(held.slice(0, count));
    attempts++;
    if ('failure' in outcome) {
      failure = outcome.failure;
      if (outcome.again && attempts < maxAttempts) {
        nextMs = outcome.waitMs ?? Math.min(MAX_RETRY_MS, retryMs * 2 ** (attempts - 1));
        return;
      }
    }
    dropped += 'failure' in outcome ? count : outcome.refused;
    held.splice(0, count);
    attempts = 0;
    nextMs = held.length >= maxRequest ? 0 : everyMs;
  }

  async function post(spans: readonly FinishedSpan[]): Promise<Outcome> {
    try {
      const answer = await fetch(target, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: encodeSpans(spans, resource, systems),
        redirect: 'error',
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
      });
      const text = await readStart(answer);
      if (answer.ok) return { refused: refusedSpans(text, spans.length) };
      // As the specification of OTLP/HTTP has it; 408 is what proxies say.
      const again = [408, 429, 502, 503, 504].includes(answer.status);
      const waitMs = Number(answer.headers.get('retry-after') ?? Number.NaN) * 1_000;
      return {
        ...{ failure: `the collector answered ${answer.status}`, again },
        ...(waitMs >= 0 && { waitMs: Math.min(waitMs, MAX_RETRY_MS) }),
      };
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
      return { failure: cause?.code ?? cause?.message ?? message, again: true };
    }
  }

  return {
    add(span) {
      if (closed || held.length >= maxSpans) {
        dropped++;
        return;
      }
      held.push(span);
      if (held.length === maxRequest && attempts === 0 && running === undefined) {
        clearTimeout(timer);
        timer = undefined;
        schedule(0);
      } else schedule(everyMs);
    },
    addDropped(count) {
      dropped += count;
    },
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      clearInterval(telling);
      const late = setTimeout(() => closing.abort(new Error('the center stops')), closeMs);
      await running;
      for (
        let before = Number.POSITIVE_INFINITY;
        held.length > 0 && held.length < before && !closing.signal.aborted;
      ) {
        before = held.length;
        await send();
      }
      clearTimeout(late);
      dropped += held.length;
      held.length = 0;
      tell();
    },
  };
}

/** How many the collector did not take, by its own answer (partial success). */
function refusedSpans(text: string, sent: number): number {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } };
    const refused = Number(partialSuccess?.rejectedSpans ?? 0);
    return refused > 0 ? Math.min(refused, sent) : 0;
  } catch {
    // An empty answer is as good as "all taken".
    return 0;
  }
}

async function readStart(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels what is left of the body.
    if (bytes > MAX_ANSWER_BYTES) break;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
