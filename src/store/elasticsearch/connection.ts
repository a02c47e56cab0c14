/**
 * The way to an Elasticsearch: one client, requests that outlive a server's bad minutes, answers as JSON. Knows no index and no
 * document. The client's own retries are off: it retries neither 429 nor what a bulk request refuses item by item.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, errors } from '@elastic/elasticsearch';
import { StoreUnavailable } from '../store.ts';

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

/** What to do about a server that is not there yet: after a power cut all of a center's machines begin at once. */
export interface Opening {
  /** How long to wait for it. */
  readonly openMs: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Is told once, in words for a log, what is waited for. */
  readonly warn: (text: string) => void;
}

/** How long a request is repeated while the server is away or overloaded. */
export type Patience = 'reader' | 'writer';

/** A reader waits no longer than a person would; what writes a batch goes on until the store is closed, for nothing must be lost. */
const PATIENCE_MS: Readonly<Record<Patience, number>> = { reader: 10_000, writer: Number.POSITIVE_INFINITY };
/** A single answer; a loaded server takes half a minute for a large bulk request, and repeating it then makes matters worse. */
const TIMEOUT_MS: Readonly<Record<Patience, number>> = { reader: 15_000, writer: 90_000 };
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

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

/**
 * Finds out which version answers and how it wants to be spoken to. Throws what to do when nobody answers, and no password; at once,
 * unless `opening` says to wait.
 */
export async function connectElasticsearch(options: ElasticsearchOptions, opening?: Opening): Promise<Elastic> {
  const closing = new AbortController();
  const ca = readAuthority(options.caFile);
  const client = createClient(options, ca);
  // Both understand what is marked as made for 8; a server of 8 refuses bodies that are marked as made for 9.
  let compatibleWith: 8 | 9 = 8;
  let version: string;
  try {
    version = await untilAnswered(() => askVersion(client, opening?.signal), options, opening);
  } catch (error) {
    await client.close();
    throw error;
  }
  const major = Number.parseInt(version, 10);
  if (major !== 8 && major !== 9) {
    await client.close();
    throw new Error(`${placesOf(options)}: Elasticsearch ${version}; this center works with versions 8 and 9`);
  }
  compatibleWith = major;

  async function once<T>({ method, path, query, body, lines, patience = 'reader' }: Request): Promise<Answer<T>> {
    const result = await client.transport.request<T>(
      {
        method,
        path,
        ...(query !== undefined && { querystring: query }),
        ...(lines !== undefined ? { bulkBody: lines } : body !== undefined && { body: body as object }),
      },
      {
        meta: true,
        requestTimeout: TIMEOUT_MS[patience],
        signal: closing.signal,
        headers: headersFor(compatibleWith, lines === undefined ? 'json' : 'x-ndjson'),
      },
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

async function askVersion(client: Client, signal: AbortSignal | undefined): Promise<string> {
  const { nodes } = (await client.transport.request(
    { method: 'GET', path: '/_nodes/_local', querystring: { filter_path: 'nodes.*.version' } },
    { requestTimeout: 30_000, headers: headersFor(8, 'json'), ...(signal !== undefined && { signal }) },
  )) as { nodes?: Record<string, { version: string }> };
  return Object.values(nodes ?? {})[0]?.version ?? 'of an unknown version';
}

/** Waits for who is not there, and for nothing else: a wrong address, account or certificate is told at once. */
async function untilAnswered<T>(
  asked: () => Promise<T>,
  options: ElasticsearchOptions,
  opening: Opening | undefined,
): Promise<T> {
  const deadline = performance.now() + (opening?.openMs ?? 0);
  let away = false;
  for (let attempt = 0; ; attempt++) {
    try {
      return await asked();
    } catch (error) {
      const advice = adviceOf(error, options);
      const told = `${placesOf(options)}: ${advice ?? `no Elasticsearch answers; start it, or mend the address: ${reasonOf(error)}`} (store.elasticsearch)`;
      // A node that has just begun refuses the right password for a moment.
      const mayCome = advice === undefined || (away && statusOf(error) === 401);
      if (!mayCome || performance.now() > deadline || opening === undefined || opening.signal?.aborted === true)
        throw new Error(told);
      if (!away) opening.warn(`${told}; waiting for it, ${opening.openMs / 1000} s at most`);
      away = true;
      await sleep(Math.min(LOOK_AGAIN_MS, backOffMs(attempt)), undefined, { signal: opening.signal }).catch(
        () => undefined,
      );
    }
  }
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

function createClient({ urls, apiKey }: ElasticsearchOptions, ca: string | undefined): Client {
  if (urls.some((url) => !isEncoded(url))) {
    throw new Error('store.elasticsearch.urls: user and password stand there percent-encoded; write "%" as "%25"');
  }
  return new Client({
    nodes: [...urls],
    maxRetries: 0,
    // Fields of events may bear any name.
    disablePrototypePoisoningProtection: true,
    ...(apiKey !== undefined && { auth: { apiKey } }),
    ...(ca !== undefined && { tls: { ca } }),
  });
}

/** With each request, for a client keeps those that it was made with. */
const headersFor = (compatibleWith: 8 | 9, body: 'json' | 'x-ndjson') => ({
  accept: `application/vnd.elasticsearch+json; compatible-with=${compatibleWith}`,
  'content-type': `application/vnd.elasticsearch+${body}; compatible-with=${compatibleWith}`,
});

function isEncoded(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
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

/** Throws when the file holds no certificate: the TLS library would take it for an authority that has signed nothing. */
function readAuthority(caFile: string | undefined): string | undefined {
  if (caFile === undefined) return undefined;
  const where = `store.elasticsearch.caFile: ${caFile}`;
  let text: string;
  try {
    text = readFileSync(caFile, 'utf8');
    new X509Certificate(text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Error(`${where}: there is no such file`);
    throw new Error(`${where}: no certificate in PEM can be read there: ${message}`);
  }
  return text;
}

/** What to mend; undefined where nobody answered, and somebody may in a while. */
function adviceOf(error: unknown, { urls, apiKey, caFile }: ElasticsearchOptions): string | undefined {
  const reason = reasonOf(error);
  const status = statusOf(error);
  if (status === 401) {
    return apiKey === undefined && urls.every((url) => new URL(url).username === '')
      ? 'it asks who one is; write user and password into the address (https://user:password@host:port), or set apiKey'
      : `user, password or API key is wrong: ${reason}`;
  }
  if (status === 403) return `this user may not see what the center needs: ${reason}`;
  if (error instanceof errors.ProductNotSupportedError || (status !== undefined && status < 500 && status !== 429)) {
    return `what answers there is not Elasticsearch; mend the address${status === undefined ? '' : ` (it answered ${status}: ${reason})`}`;
  }
  if (/wrong version number|packet length too long|http request/.test(reason))
    return 'it does not speak https; write http://, or switch TLS on there';
  if (/certificate|altnames/.test(reason)) {
    return caFile === undefined
      ? `its certificate is not one that this machine trusts; name the authority that signed it in caFile: ${reason}`
      : `its certificate was not signed by the authority in ${caFile}, or is for another name, or has ended: ${reason}`;
  }
  if (/other side closed|socket hang up|ECONNRESET/.test(reason) && urls.some((url) => url.startsWith('http:')))
    return `it closed the connection; if it speaks https, write https:// (${reason})`;
  return undefined;
}

/** Without passwords. */
const placesOf = ({ urls }: ElasticsearchOptions): string =>
  urls.map((url) => (URL.canParse(url) ? new URL(url).host : 'an address that cannot be read')).join(', ');
