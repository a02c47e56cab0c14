/** The doors of a process, put together from the engines and listening: intake, API with console, probes. */
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { connectors } from '../connectors/index.ts';
import type { ApiParts } from './api/parts.ts';
import { createApi } from './api/server.ts';
import type { Config } from './config.ts';
import type { Engines } from './engines.ts';
import { createAuthenticate } from './intake/authenticate.ts';
import { createBacklog, createQuota } from './intake/quota.ts';
import { createRefused } from './intake/refused.ts';
import { createIntake } from './intake/server.ts';
import { REPORT_MS } from './peers/peers.ts';
import { replayRejects } from './pipeline/replay.ts';

export interface DoorParts {
  readonly config: Config;
  readonly engines: Engines;
  readonly log: Logger;
  readonly version: string;
  readonly health: ApiParts['health'];
  readonly metrics: ApiParts['metrics'];
  readonly status: ApiParts['status'];
  readonly onClose: (part: () => Promise<void>) => void;
}

/** What the doors say at "info" is where they listen, and serve says that to people. */
const quieter = ({ log }: Config): string => (log.level === 'info' ? 'warn' : log.level);

/** Answers the address. */
export async function openIntake({ config, engines, log, onClose }: DoorParts): Promise<string> {
  const { store, records, peers, tracer } = engines;
  const refused = createRefused(store, (error) =>
    log.error({ err: error }, 'refused records could not be counted; will retry'),
  );
  onClose(refused.close);
  let doors = 1;
  const counting = setInterval(() => {
    peers.all().then(
      (all) => {
        doors = Math.max(1, all.filter(({ roles }) => roles.includes('intake')).length);
      },
      // Who cannot be counted is as many as before.
      () => undefined,
    );
  }, REPORT_MS);
  counting.unref();
  onClose(async () => clearInterval(counting));
  const intake = createIntake({
    authenticate: createAuthenticate(store),
    queue: records,
    store,
    connectors: new Map(connectors.map((connector) => [connector.type, connector])),
    quota: createQuota(config.intake.quota, Date.now, () => doors),
    backlog: createBacklog({ depth: () => records.depth(), fill: engines.queueFill }, config.intake.backlog),
    refused,
    tracer,
    maxUnpackedBytes: config.intake.maxUnpackedBytes,
    maxBodyBytes: config.intake.maxBodyBytes,
    log: log.child({ part: 'intake' }, { level: quieter(config) }),
  });
  onClose(() => intake.close());
  return listen(intake, config.intake, 'intake');
}

/** Answers the address. */
export async function openApi({
  config,
  engines: { store, records, matches },
  log,
  version,
  onClose,
  ...parts
}: DoorParts & Pick<ApiParts, 'rules' | 'reloadRules' | 'live' | 'onSaved' | 'consoleFolder'>): Promise<string> {
  const api = await createApi({
    ...parts,
    store,
    queues: { records, matches },
    connectors,
    replay: (scope, ids) => replayRejects({ store, records }, scope, ids),
    log: log.child({ part: 'api' }, { level: quieter(config) }),
    config: {
      trustedProxies: config.api.trustedProxies,
      secureCookies:
        config.api.secureCookies === 'always' ||
        (config.api.secureCookies === 'auto' && config.api.publicUrl?.startsWith('https:') === true),
      sessionHours: config.session.hours,
      lockAfter: config.session.lockAfter,
      lockMinutes: config.session.lockMinutes,
      version,
    },
  });
  onClose(() => api.close());
  return listen(api, config.api, 'api');
}

/**
 * Health and metrics for those who watch processes, whatever their role; only where the configuration names a port. Whoever reaches
 * the port may read them: they name no member.
 */
export async function openProbes({ config, log, health, metrics, onClose }: DoorParts): Promise<void> {
  const { host, port } = config.probes;
  if (port === undefined) return;
  const own: FastifyBaseLogger = log.child({ part: 'probes' }, { level: quieter(config) });
  const server = fastify({
    loggerInstance: own,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: 'idle',
  });
  server.get('/healthz', async () => ({ alive: true }));
  server.get('/readyz', async (_request, reply) => {
    const state = await health().catch((error: unknown) => {
      log.error({ err: error }, 'health could not be read');
      return { ready: false, checks: {} };
    });
    return reply.code(state.ready ? 200 : 503).send(state);
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics()),
  );
  onClose(() => server.close());
  await listen(server, { host, port }, 'probes');
}

async function listen(
  server: FastifyInstance,
  { host, port }: { host: string; port: number },
  section: 'api' | 'intake' | 'probes',
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} of ${host} is taken by another program; choose another (${section}.port)`);
  }
}
