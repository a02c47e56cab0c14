/**
 * The way to an Elasticsearch: one client, requests that outlive a server's bad minutes, answers as JSON. Knows no index and no
 * document. The client's own retries are off: it retries neither 429 nor what a bulk request refuses item by item.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import { StoreUnavailable } from './store.ts';

export interface ElasticsearchOptions {
  /** Nodes of one cluster, http(s)://[user:password@]host:port. */
  readonly urls: readonly string[];
  /** In the place of user and password: an encoded API key. */
  readonly apiKey?: string | undefined;
  /** File of the certificate authority (PEM) that the nodes' certificates are checked against; the system's by default. */
  readonly caFile?: string | undefined;
  /** What the names of all our indices begin with, "hinomi" by default: several centers may share a cluster. */
  readonly prefix?: string | undefined;
}

/** How long a request is repeated while the server is away or overloaded. */
export type Patience = 'reader' | 'writer';

/** A reader waits no longer than a person would; what writes a batch goes on until the store is closed, for nothing must be lost. */
const PATIENCE_MS: Readonly<Record<Patience, number>> = { reader: 10_000, writer: Number.POSITIVE_INFINITY };
/** A single answer; a loaded server takes half a minute for a large bulk request, and repeating it then makes matters worse. */
const TIMEOUT_MS: Readonly<Record<Patience, number>> = { reader: 15_000, writer: 90_000 };
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** JSON. */
  readonly body?: unknown;
  /** Ready lines, each with its line end. */
  readonly lines?: string;
  /** Statuses that are an answer: the response is given back with them. */
  readonly accept?: readonly number[];
  readonly patience?: Patience;
}

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export interface Elastic {
  readonly prefix: string;
  /** "9.4.3", of the node that answered first. */
  readonly version: string;
  /** Throws StoreUnavailable when patience ends, and an Error that names request and reason for everything that waiting cannot mend. */
  request<T>(request: Request): Promise<Answer<T>>;
  /** Waits, unless the connection is closed meanwhile: then it throws StoreUnavailable. */
  wait(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Finds out which version answers and how it wants to be spoken to. Throws what to do when nobody answers. */
export async function connectElasticsearch(options: ElasticsearchOptions): Promise<Elastic> {
  const closing = new AbortController();
  // Both understand what is marked as made for 8; a server of 8 refuses bodies that are marked as made for 9.
  let client = createClient(options, 8);
  const ask = async (): Promise<string> => {
    const { nodes } = (await client.transport.request(
      { method: 'GET', path: '/_nodes/_local', querystring: { filter_path: 'nodes.*.version' } },
      { requestTimeout: 30_000 },
    )) as { nodes: Record<string, { version: string }> };
    return Object.values(nodes)[0]?.version ?? '';
  };
  let version: string;
  try {
    version = await ask();
  } catch (error) {
    await client.close();
    throw new Error(`${placesOf(options)}: ${adviceOf(error)} (store.elasticsearch)`);
  }
  const major = Number.parseInt(version, 10);
  if (major !== 8 && major !== 9) {
    await client.close();
    throw new Error(`${placesOf(options)}: Elasticsearch ${version}; this center works with versions 8 and 9`);
  }
  if (major === 9) {
    await client.close();
    client = createClient(options, 9);
  }

  async function once<T>({ method, path, query, body, lines, patience = 'reader' }: Request): Promise<Answer<T>> {
    const result = await client.transport.request<T>(
      {
        method,
        path,
        ...(query !== undefined && { querystring: query }),
        ...(lines !== undefined ? { bulkBody: lines } : body !== undefined && { body: body as object }),
      },
      { meta: true, requestTimeout: TIMEOUT_MS[patience], signal: closing.signal },
    );
    return { status: result.statusCode, body: result.body };
  }

  const wait = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined);
    if (closing.signal.aborted)
      throw new StoreUnavailable('the store is closing; what was asked for is to be asked again');
  };

  return {
    prefix: options.prefix ?? 'hinomi',
    version,
    async request(request) {
      const { accept = [], patience = 'reader' } = request;
      const deadline = performance.now() + PATIENCE_MS[patience];
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(request);
        } catch (error) {
          if (error instanceof errors.ResponseError && accept.includes(error.statusCode ?? 0)) {
            return { status: error.statusCode as number, body: error.body };
          }
          if (closing.signal.aborted) await wait(0);
          const where = `${request.method} ${request.path}`;
          if (!canPass(error)) throw new RequestRefused(where, statusOf(error), reasonOf(error));
          if (performance.now() > deadline) throw new StoreUnavailable(`Elasticsearch: ${where}: ${reasonOf(error)}`);
          await wait(backOffMs(attempt));
        }
      }
    },
    wait,
    async close() {
      closing.abort();
      await client.close();
    },
  };
}

/** What waiting cannot mend. */
export class RequestRefused extends Error {
  readonly status: number | undefined;
  readonly reason: string;
  constructor(where: string, status: number | undefined, reason: string) {
    super(`Elasticsearch refused ${where}: ${status ?? ''} ${reason}`);
    this.name = 'RequestRefused';
    this.status = status;
    this.reason = reason;
  }
}

/** Growing waits with a random part, so that many clients do not come back at once. */
export const backOffMs = (attempt: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);

function createClient({ urls, apiKey, caFile }: ElasticsearchOptions, compatibleWith: 8 | 9): Client {
  const type = `compatible-with=${compatibleWith}`;
  return new Client({
    nodes: [...urls],
    maxRetries: 0,
    // Fields of events may bear any name.
    disablePrototypePoisoningProtection: true,
    ...(apiKey !== undefined && { auth: { apiKey } }),
    ...(caFile !== undefined && { tls: { ca: readFileSync(caFile) } }),
    ...(compatibleWith === 8 && {
      headers: {
        accept: `application/vnd.elasticsearch+json; ${type}`,
        'content-type': `application/vnd.elasticsearch+json; ${type}`,
      },
    }),
  });
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof errors.ResponseError ? error.statusCode : undefined;

function reasonOf(error: unknown): string {
  if (error instanceof errors.ResponseError) {
    const cause = (error.body as { error?: { type?: string; reason?: string } | string } | undefined)?.error;
    if (typeof cause === 'string') return cause;
    return `${cause?.type ?? 'no reason given'}${cause?.reason === undefined ? '' : `: ${cause.reason.slice(0, 500)}`}`;
  }
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 500)}` : String(error);
}

/**
 * 401 too: a node that has just begun refuses the right password for a moment. A reader hears of a wrong one after its patience,
 * a center at its start.
 */
function canPass(error: unknown): boolean {
  if (error instanceof errors.ResponseError) {
    const status = error.statusCode ?? 0;
    return status === 429 || status >= 500 || status === 408 || status === 401;
  }
  return (
    error instanceof errors.ConnectionError ||
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoLivingConnectionsError ||
    error instanceof errors.DeserializationError
  );
}

function adviceOf(error: unknown): string {
  const reason = reasonOf(error);
  if (statusOf(error) === 401) return `user, password or API key is wrong: ${reason}`;
  if (statusOf(error) === 403) return `this user may not see what the center needs: ${reason}`;
  if (error instanceof errors.ProductNotSupportedError) return 'what answers there is not Elasticsearch';
  return `no Elasticsearch answers; start it, or mend the address: ${reason}`;
}

/** Without passwords. */
const placesOf = ({ urls }: ElasticsearchOptions): string =>
  urls.map((url) => (URL.canParse(url) ? new URL(url).host : 'an address that cannot be read')).join(', ');
