/** One table of what can go wrong at the doors: code -> HTTP status and meaning (RFC 9457 `type` is about:blank#<code>). */
export const errorCodes = {
  'invalid-request': { status: 400, title: 'The request does not have the expected form' },
  unauthenticated: { status: 401, title: 'No valid key or session' },
  'sign-in-failed': { status: 401, title: 'Login or password is wrong, or the account is locked for a while' },
  forbidden: { status: 403, title: 'Not allowed for this role' },
  'csrf-failed': { status: 403, title: 'The request did not come from the console' },
  'not-found': { status: 404, title: 'There is no such thing, or it is not yours to see' },
  conflict: { status: 409, title: 'It exists already' },
  'not-reloaded': { status: 409, title: 'The rules could not be read anew; those before stay in force' },
  'version-conflict': { status: 412, title: 'It was changed by someone else meanwhile' },
  'too-large': { status: 413, title: 'The body is larger than allowed' },
  'unsupported-media-type': { status: 415, title: 'This content type or encoding is not taken here' },
  'version-required': { status: 428, title: 'Say with If-Match which version you are changing' },
  'over-quota': { status: 429, title: 'More than the agreed rate; send again later' },
  internal: { status: 500, title: 'The center failed; the attempt is in its log' },
  'store-unavailable': { status: 503, title: 'The store does not answer; try again in a moment' },
  busy: { status: 503, title: 'The center is working off a backlog; send again later' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** A refusal that is told to the other side. `detail` says where, what, and what to do; it must not hold data of others. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(
    code: ErrorCode,
    detail: string,
    options: { headers?: Record<string, string>; extra?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.headers = options.headers ?? {};
    this.extra = options.extra ?? {};
  }
}

/** RFC 9457 problem details. */
export function problemDetails(refusal: Refusal): Record<string, unknown> {
  const { status, title } = errorCodes[refusal.code];
  return { type: `about:blank#${refusal.code}`, title, status, detail: refusal.message, ...refusal.extra };
}
