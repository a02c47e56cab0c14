/** Whatever goes wrong -> an RFC 9457 problem. Tells the other side what to mend; of our own failures only that they are in the log. */
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { type ErrorCode, errorCodes, problemDetails, Refusal } from '../errors.ts';
import { StoreUnavailable, VersionConflict } from '../store/store.ts';

export const BODY_LIMIT = 1024 * 1024;

/** Names of Fastify's own refusals (and of the store's and the search's, known by name) -> how we say it. */
const plain: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too-large', `the body is larger than ${BODY_LIMIT} bytes`],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'send JSON, as content-type: application/json'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid-request', 'the body is empty; send JSON, or leave the content-type out'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid-request', 'the body is not the JSON that its content-type promises'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'the body is not as long as its content-length says'],
  FST_ERR_BAD_URL: ['invalid-request', 'the address is not properly encoded; write % as %25'],
  BadCursor: ['invalid-request', 'cursor: not one of ours, or of another list; leave it out to begin anew'],
};

interface WrongField {
  /** Where: "query.limit", "body.set.status". */
  readonly field: string;
  readonly message: string;
}

function wrongFields(error: FastifyError): readonly WrongField[] {
  const context = error.validationContext === 'querystring' ? 'query' : (error.validationContext ?? 'request');
  return (error.validation ?? []).slice(0, 100).map(({ instancePath, message, keyword, params }) => {
    const path = instancePath.split('/').filter((part) => part !== '');
    const unknown = keyword === 'unrecognized_keys' && Array.isArray(params.keys) ? params.keys : [];
    return {
      field: [context, ...path].join('.').slice(0, 200),
      message: (unknown.length > 0 ? `unknown: ${unknown.slice(0, 10).join(', ')}` : (message ?? 'not valid')).slice(
        0,
        500,
      ),
    };
  });
}

function toRefusal(error: FastifyError): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof VersionConflict) {
    return new Refusal('version-conflict', 'read it again and repeat the change on what it is now');
  }
  if (error instanceof StoreUnavailable) {
    return new Refusal('store-unavailable', 'nothing is lost; whether a change was made, look before you repeat it', {
      headers: { 'retry-after': '5' },
    });
  }
  const known = Object.hasOwn(plain, error.code ?? '') ? plain[error.code] : plain[error.name];
  if (known !== undefined) return new Refusal(known[0], known[1]);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = wrongFields(error);
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return new Refusal('invalid-request', detail.slice(0, 2_000), { extra: { errors } });
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new Refusal('invalid-request', 'the request could not be read');
  }
  return undefined;
}

export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply
    .code(errorCodes[refusal.code].status)
    .headers(refusal.headers)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problemDetails(refusal)));
}

export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toRefusal(error);
  if (refusal?.code === 'store-unavailable') request.log.warn({ err: error }, 'the store does not answer');
  if (refusal === undefined) request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
  sendProblem(reply, refusal ?? new Refusal('internal', `tell the operator this id, it is in the log: ${request.id}`));
}

/** What is not HTTP, too slow or too large in its head never becomes a request; it is answered on the bare socket. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const body = JSON.stringify(
    problemDetails(
      new Refusal('invalid-request', 'this is not an HTTP/1.1 request, or its headers are too long or late'),
    ),
  );
  if (socket.writable) {
    const head = [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

/** One answer for everything that is not there, whether it never was or is not the reader's to see. */
export function notFound(): Refusal {
  return new Refusal('not-found', 'check the id; what belongs to others looks the same as what does not exist');
}

/** A document or the same "not found" that a stranger gets. */
export function found<T>(doc: T | undefined): T {
  if (doc === undefined) throw notFound();
  return doc;
}
