/**
 * The one place that speaks HTTP: JSON to and from /api/v1, problems (RFC 9457) as ApiError, the session's token on changes.
 * Retries nothing; a reader who wants to repeat a request says so.
 */
export class ApiError extends Error {
  /** HTTP status; 0 when the server was not reached. */
  readonly status: number;
  /** The part of the problem's `type` after "#", e.g. "version-conflict"; empty when there was none. */
  readonly code: string;
  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

export type QueryValue = string | number | undefined | readonly string[];

let csrfToken = '';
let onSignedOut: () => void = () => {};

/** Called by the session keeper: the token for changes, and what to do when the server no longer knows the session. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** "alerts" + {status: ["new"], text: undefined} -> "alerts?status=new". Empty values are left out. */
export function withQuery(path: string, values: Readonly<Record<string, QueryValue>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '') search.append(name, String(one));
    }
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Throws ApiError; an aborted request throws the AbortError of fetch. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await request<T>('GET', path, undefined, {}, signal);
}

/** `version`: the version the change is made to; the server refuses it when the document has moved on. */
export async function send<T>(
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  version?: number,
): Promise<T> {
  return await request<T>(method, path, body, version === undefined ? {} : { 'if-match': `"${version}"` });
}

async function request<T>(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<T> {
  const response = await fetch(`/api/v1/${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'x-csrf-token': csrfToken }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', '');
  });
  const text = await response.text();
  const answer = parseJson(text);
  if (response.ok) return answer as T;
  const problem = (answer ?? {}) as { type?: string; title?: string; detail?: string };
  const code = problem.type?.split('#')[1] ?? '';
  if (response.status === 401 && code !== 'sign-in-failed') onSignedOut();
  throw new ApiError(response.status, code, problem.detail ?? problem.title ?? `HTTP ${response.status}`);
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
