/** The intake's HTTP server: hands bodies to the front doors as they came and answers refusals as RFC 9457 problems. */
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { errorCodes, problemDetails, Refusal } from '../errors.ts';
import { addIngest, type IngestParts } from './ingest.ts';

export interface IntakeParts extends IngestParts {
  readonly log: FastifyBaseLogger;
  /** Largest body as sent, before unpacking. */
  readonly maxBodyBytes: number;
}

function toRefusal(error: unknown, maxBodyBytes: number): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof Error && error.name === 'StoreUnavailable') {
    return new Refusal('busy', 'the center cannot look up this key now; it holds nothing of this. Send it again', {
      headers: { 'retry-after': '5' },
    });
  }
  const { code } = error as { code?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Refusal('too-large', `the body is larger than ${maxBodyBytes} bytes; send it in smaller batches`);
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status >= 400 && status < 500)
    return new Refusal('invalid-request', (error as Error).message);
  return undefined;
}

/** Built, not listening. */
export function createIntake(parts: IntakeParts): FastifyInstance {
  const server = fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: parts.maxBodyBytes,
    // An agent's slow line may take long; a connection that sends nothing may not.
    requestTimeout: 120_000,
    forceCloseConnections: 'idle',
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error, parts.maxBodyBytes);
    if (refusal === undefined) request.log.error({ err: error }, 'intake failed');
    const told =
      refusal ?? new Refusal('internal', `the center failed; it stored nothing of this request (${request.id})`);
    reply
      .code(errorCodes[told.code].status)
      .headers(told.headers)
      .type('application/problem+json')
      .send(JSON.stringify(problemDetails(told)));
  });
  server.setNotFoundHandler(() => {
    throw new Refusal('not-found', 'the intake has POST /ingest and GET /ingest/receipts/<batch id>');
  });
  addIngest(server, parts);
  return server;
}
