/**
 * One batch to a center's intake, until the center has it or refuses it. The same key goes with every try, so a try whose answer was
 * lost does no harm.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import type { Receipt } from '../model/batch.ts';

export interface DeliverOptions {
  /** Of the intake, without "/ingest". */
  readonly url: string;
  readonly key: string;
  readonly contentType: 'text/plain' | 'application/x-ndjson';
  readonly compression: 'zstd' | 'gzip';
  /** How long tries may fail one after another, with no batch getting through. */
  readonly patienceMs: number;
  /** Wait before the second try; it doubles up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly signal: AbortSignal;
  /** Told of each try that will be repeated. */
  readonly onRetry: (reason: string, waitMs: number) => void;
}

export interface Accepted {
  readonly batchId: string;
  readonly records: number;
  /** The center had the batch already. */
  readonly known: boolean;
}

/** The center will not take it as it is, or could not be reached for too long. The message is for a person. */
export class DeliveryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeliveryError';
  }
}

export interface Deliverer {
  /** Throws DeliveryError; throws as the signal does when it is aborted. */
  deliver(bytes: Uint8Array, idempotencyKey: string): Promise<Accepted>;
  /** What became of a batch; undefined when it cannot be told now. */
  receipt(batchId: string): Promise<Receipt | undefined>;
}

const REQUEST_MS = 120_000;
const LONGEST_RETRY_AFTER_MS = 300_000;
const again: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const packers = {
  gzip: promisify(gzip),
  zstd: (bytes: Uint8Array) => promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
};

export function createDeliverer(options: DeliverOptions): Deliverer {
  const { url, key, signal } = options;
  let lastSuccessMs = Date.now();

  const request = (path: string, init: RequestInit): Promise<Response> =>
    fetch(`${url}${path}`, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      headers: { ...init.headers, authorization: `Bearer ${key}` },
    });

  /** The batch's answer, or why to try again and how long to wait at least. */
  async function tryOnce(
    body: Uint8Array,
    headers: Record<string, string>,
  ): Promise<Accepted | { reason: string; waitMs: number }> {
    let response: Response;
    let text: string;
    try {
      response = await request('/ingest', { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> });
      text = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      return { reason: `${url} cannot be reached: ${reasonOf(error)}`, waitMs: 0 };
    }
    if (response.status === 202) return readAccepted(text, url);
    const reason = `${url} answered ${response.status}${detailOf(text)}`;
    if (again.has(response.status)) return { reason, waitMs: retryAfterMs(response.headers.get('retry-after')) };
    throw new DeliveryError(reason);
  }

  return {
    async deliver(bytes, idempotencyKey) {
      const body = await packers[options.compression](bytes);
      const headers = {
        'content-type': options.contentType,
        'content-encoding': options.compression,
        'idempotency-key': idempotencyKey,
      };
      const startedMs = Date.now();
      for (let growing = options.firstWaitMs; ; growing = Math.min(growing * 2, options.longestWaitMs)) {
        const answer = await tryOnce(body, headers);
        if ('batchId' in answer) {
          lastSuccessMs = Date.now();
          return answer;
        }
        if (Date.now() - Math.max(lastSuccessMs, startedMs) > options.patienceMs) {
          throw new DeliveryError(`${answer.reason}; given up after ${Math.round(options.patienceMs / 1000)} s`);
        }
        // Spread out, so that many senders do not come back at the same moment.
        const waitMs = Math.max(answer.waitMs, growing * (0.5 + Math.random() / 2));
        options.onRetry(answer.reason, waitMs);
        await wait(waitMs, undefined, { signal });
      }
    },
    async receipt(batchId) {
      try {
        const response = await request(`/ingest/receipts/${encodeURIComponent(batchId)}`, {});
        const answer = (await response.json()) as Receipt;
        return response.status === 200 ? answer : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

function readAccepted(text: string, url: string): Accepted {
  try {
    const { batchId, records, known } = JSON.parse(text) as Record<string, unknown>;
    if (typeof batchId === 'string' && typeof records === 'number') return { batchId, records, known: known === true };
  } catch {
    // Told below.
  }
  throw new DeliveryError(`${url} answered 202, but not as an intake of Hinomi does; is the address right?`);
}

/** The detail of RFC 9457 problem details, or the beginning of what was answered instead, safe for a terminal. */
function detailOf(text: string): string {
  let detail = text;
  try {
    const problem = JSON.parse(text) as { detail?: unknown; title?: unknown };
    if (typeof problem.detail === 'string') detail = problem.detail;
    else if (typeof problem.title === 'string') detail = problem.title;
  } catch {
    // Some other server's page.
  }
  const clean = detail.slice(0, 400).replace(/\p{C}/gu, ' ').trim();
  return clean === '' ? '' : `: ${clean}`;
}

function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${REQUEST_MS / 1000} s`;
  return cause?.code ?? cause?.message ?? message;
}

/** Seconds or a date (RFC 9110); nothing and nonsense are 0. */
export function retryAfterMs(header: string | null, nowMs: number = Date.now()): number {
  if (header === null) return 0;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS) : 0;
}
