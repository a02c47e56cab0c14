/**
 * The composition root: configuration -> adapters -> stages, in the order of a log line's walk. The only file (with
 * app-worker.ts, its half in the pipeline's threads) that names an adapter. Nothing here decides anything about logs.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { connectors } from '../connectors/index.ts';
import { createLive } from './api/live.ts';
import type { RulesReload } from './api/parts.ts';
import { createApi } from './api/server.ts';
import { beginMatchesWork } from './app-matches.ts';
import { beginPipelineThreads } from './app-pipeline.ts';
import { openRules } from './app-rules.ts';
import type { Config } from './config.ts';
import type { CorrelatorStats } from './correlate/correlator.ts';
import { createIncidentBook } from './incident/book.ts';
import { createAuthenticate } from './intake/authenticate.ts';
import { createBacklog, createQuota } from './intake/quota.ts';
import { createRefused } from './intake/refused.ts';
import { createIntake } from './intake/server.ts';
import { rulePackFolders } from './packs/pack-folder.ts';
import { replayRejects } from './pipeline/replay.ts';
import type { Queue } from './queue/queue.ts';
import { openSqliteQueue } from './queue/sqlite.ts';
import { ruleFolders } from './rule-folder.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { Change, Store } from './store/store.ts';

export interface Center {
  readonly store: Store;
  /** Addresses as bound, "http://127.0.0.1:8080". */
  readonly apiUrl: string;
  readonly intakeUrl: string;
  /** The queue of records, for counting what waits. */
  readonly records: Queue;
  readonly matches: Queue;
  /** Reads the rules' folders again; `actor` is who asked for it. Throws why the rules before stay in force. */
  reloadRules(actor: string): Promise<RulesReload>;
  /** Takes no new work, finishes what runs, closes the files. What is queued stays queued. */
  close(): Promise<void>;
}

export interface CenterOptions {
  readonly config: Config;
  /** Folder of the built console; without one the API says how to build it. */
  readonly consoleFolder: string | undefined;
  readonly version: string;
}

const DAY_MS = 86_400_000;

/** Throws what keeps it from running (a port that is taken, a folder in use, a file of a newer version), with nothing left open. */
export async function startCenter(options: CenterOptions): Promise<Center> {
  const opened: (() => Promise<void>)[] = [];
  // What was opened last closes first: doors, then threads, then files.
  const close = async (): Promise<void> => {
    for (let part = opened.pop(); part !== undefined; part = opened.pop()) await part();
  };
  try {
    return { ...(await open(options, (part) => opened.push(part))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  { config, consoleFolder, version }: CenterOptions,
  onClose: (part: () => Promise<void>) => void,
): Promise<Omit<Center, 'close'>> {
  const log = pino({ level: config.log.level }, pino.destination(2));
  // What the doors say at "info" is where they listen, and serve says that to people.
  const quieter = config.log.level === 'info' ? 'warn' : config.log.level;

  const workers = config.pipeline.workers > 0 ? config.pipeline.workers : Math.max(1, availableParallelism() - 1);
  const pipeline = beginPipelineThreads(
    workers,
    {
      placeholders: config.rules.placeholders,
      limits: {
        maxRecordBytes: config.intake.maxRecordBytes,
        keepRejectBytes: config.rejects.keepBytes,
        maxFrameBytes: config.intake.maxUnpackedBytes * 2 + 1024,
      },
    },
    log,
  );
  // Registered again once it works, to be stopped before the files are closed.
  onClose(pipeline.stop);

  // Adapters and rules, at the same time: the adapters' threads start while this one reads rules.
  const rememberMs = config.retention.rememberBatchesDays * DAY_MS;
  const queueFile = (name: string): string => join(config.dataDir, 'queue', `${name}.db`);
  const closing = async <Host extends { close(): Promise<void> }>(opening: Promise<Host>): Promise<Host> => {
    const host = await opening;
    onClose(host.close);
    return host;
  };
  const [storeHost, recordsHost, matchesHost, rules] = await allOrNone([
    closing(openSqliteStore({ folder: config.dataDir })),
    closing(openSqliteQueue({ file: queueFile('records'), rememberMs })),
    closing(openSqliteQueue({ file: queueFile('matches'), rememberMs })),
    openRules({
      folders: async () => [...ruleFolders(config.rules), ...(await rulePackFolders(config.dataDir))],
      latenessMs: config.correlate.latenessHours * 3_600_000,
      pipeline,
      log,
    }),
  ]);
  const { store } = storeHost;
  const records = recordsHost.queue;
  const matches = matchesHost.queue;

  // Correlator and incidents.
  const live = createLive();
  const book = createIncidentBook();
  const onSaved = (changes: readonly Change[]): void => live.publish(changes);
  const { term } = await store.takeLead('this center', AbortSignal.timeout(10_000));
  const walk = await beginMatchesWork(
    { store, matches, waiting: [records, matches], book, term, onSaved, log },
    rules.current(),
  );
  onClose(walk.stop);

  // Pipeline.
  await pipeline.work(() => {
    const { handle, transfer } = storeHost.handle();
    const ports = { records: recordsHost.connect(), matches: matchesHost.connect() };
    return {
      start: { store: handle, ...ports, matchFields: [...rules.current().correlator.matchFields] },
      transfer: [...transfer, ports.records, ports.matches],
    };
  });
  onClose(pipeline.stop);
  rules.begin({ handOver: walk.handOver, save: (changes) => store.save(changes) });
  onClose(rules.close);

  // Doors.
  const refused = createRefused(store, (error) =>
    log.error({ err: error }, 'refused records could not be counted; will retry'),
  );
  onClose(refused.close);
  const intake = createIntake({
    authenticate: createAuthenticate(store),
    queue: records,
    store,
    connectors: new Map(connectors.map((connector) => [connector.type, connector])),
    quota: createQuota(config.intake.quota),
    backlog: createBacklog(() => records.depth(), config.intake.backlog),
    refused,
    maxUnpackedBytes: config.intake.maxUnpackedBytes,
    maxBodyBytes: config.intake.maxBodyBytes,
    log: log.child({ part: 'intake' }, { level: quieter }),
  });
  const api = await createApi({
    store,
    queue: records,
    rules: rules.current,
    reloadRules: rules.reload,
    connectors,
    onSaved: (changes: readonly Change[]) => {
      for (const change of changes) book.replace(change);
      onSaved(changes);
    },
    live,
    replay: (scope, ids) => replayRejects({ store, records }, scope, ids),
    log: log.child({ part: 'api' }, { level: quieter }),
    config: {
      secureCookies:
        config.api.secureCookies === 'always' ||
        (config.api.secureCookies === 'auto' && config.api.publicUrl?.startsWith('https:') === true),
      sessionHours: config.session.hours,
      lockAfter: config.session.lockAfter,
      lockMinutes: config.session.lockMinutes,
      version,
    },
    consoleFolder,
    health: async () => {
      const { jobs, records: waiting, dead, oldestMs } = await records.depth();
      return {
        ready: pipeline.alive(),
        checks: {
          pipeline: { ok: pipeline.alive(), detail: `${workers} thread(s)` },
          queue: {
            ok: dead === 0,
            detail: `${jobs} batches, ${waiting} records wait, oldest ${Math.round(oldestMs / 1000)} s; ${dead} dead`,
          },
        },
      };
    },
    metrics: async () => queueMetrics(records, matches, rules.current().correlator.stats()),
  });

  const prune = setInterval(() => {
    const before = new Date(Date.now() - config.retention.eventDays * DAY_MS).toISOString().slice(0, 10);
    store.prune(before).then(
      (days) => days.length > 0 && log.info({ days }, 'removed days past retention'),
      (error: unknown) => log.error({ err: error }, 'retention failed; will retry'),
    );
  }, 600_000);
  prune.unref();
  onClose(async () => clearInterval(prune));

  onClose(() => api.close());
  onClose(() => intake.close());
  const intakeUrl = await listen(intake, config.intake, 'intake');
  const apiUrl = await listen(api, config.api, 'api');
  return {
    store,
    apiUrl,
    intakeUrl,
    records,
    matches,
    reloadRules: rules.reload,
  };
}

/** As Promise.all, but waits for all of them before it fails: what opened late must be known to those who close. */
async function allOrNone<Values extends readonly unknown[]>(
  promises: {
    readonly [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as Values;
}

async function listen(
  server: FastifyInstance,
  { host, port }: { host: string; port: number },
  section: 'api' | 'intake',
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} of ${host} is taken by another program; choose another (${section}.port)`);
  }
}

async function queueMetrics(records: Queue, matches: Queue, correlator: CorrelatorStats): Promise<string> {
  const lines: string[] = [];
  const gauge = (name: string, help: string, values: readonly (readonly [labels: string, value: number])[]): void => {
    lines.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...values.map(([labels, value]) => `${name}${labels} ${value}`),
    );
  };
  const depths = { records: await records.depth(), matches: await matches.depth() };
  const each = (value: (depth: (typeof depths)['records']) => number): [string, number][] =>
    Object.entries(depths).map(([name, depth]) => [`{queue="${name}"}`, value(depth)]);
  gauge(
    'hinomi_queue_batches',
    'Batches that wait or are being worked.',
    each((depth) => depth.jobs),
  );
  gauge(
    'hinomi_queue_records',
    'Records in them.',
    each((depth) => depth.records),
  );
  gauge(
    'hinomi_queue_oldest_seconds',
    'Age of the oldest of them.',
    each((depth) => depth.oldestMs / 1000),
  );
  gauge(
    'hinomi_queue_dead_batches',
    'Batches set aside after their last attempt.',
    each((depth) => depth.dead),
  );
  gauge('hinomi_correlator_groups', 'Groups in the memory of correlation rules.', [['', correlator.groups]]);
  gauge('hinomi_correlator_evicted', 'Events forgotten by correlation rules for want of room since the start.', [
    ['', correlator.evicted],
  ]);
  gauge(
    'hinomi_correlator_rule_evicted',
    'The same, of the rules that forget most.',
    correlator.forgetful.map(({ ruleId, evicted }) => [`{rule="${ruleId.replace(/[\\"\n]/g, '_')}"}`, evicted]),
  );
  gauge('hinomi_correlator_waiting', 'Moments that are judged once event time has moved on.', [
    ['', correlator.waiting],
  ]);
  return `${lines.join('\n')}\n`;
}
