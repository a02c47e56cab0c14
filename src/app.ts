/**
 * The composition root: configuration and roles -> engines -> stages, in the order of a log line's walk. Nothing here decides
 * anything about logs, and no adapter is named here: that is engines.ts.
 */
import { availableParallelism, hostname } from 'node:os';
import { pino } from 'pino';
import { createLive } from './api/live.ts';
import type { RulesReload } from './api/parts.ts';
import { beginCorrelator, type CorrelatorWork } from './app-correlator.ts';
import { openApi, openIntake, openProbes } from './app-doors.ts';
import { processMetrics } from './app-metrics.ts';
import { beginPipelineThreads } from './app-pipeline.ts';
import { type AppRules, openRules } from './app-rules.ts';
import { createCenterStatus, readiness } from './app-status.ts';
import type { Config } from './config.ts';
import { allOrNone, type Engines, openEngines } from './engines.ts';
import { rulePackFolders } from './packs/pack-folder.ts';
import { roles as allRoles, type PeerStatus, type Role } from './peers/peers.ts';
import type { Queue } from './queue/queue.ts';
import { ruleFolders } from './rule-folder.ts';
import type { Change, Store } from './store/store.ts';
import { within } from './within.ts';

export interface Center {
  readonly store: Store;
  /** Addresses as bound, "http://127.0.0.1:8080"; empty where this process has no such role. */
  readonly apiUrl: string;
  readonly intakeUrl: string;
  /** The queue of records, for counting what waits. */
  readonly records: Queue;
  readonly matches: Queue;
  /** Other processes, and this one's own threads, work on the same engines: what they wrote is found a moment later. */
  readonly shared: boolean;
  /** Reads the rules' folders again, here and in all other processes; `actor` is who asked for it. Throws why the rules before stay in force. */
  reloadRules(actor: string): Promise<RulesReload>;
  /** Takes no new work, finishes what runs, closes the engines. What is queued stays queued. Takes ten seconds at most. */
  close(): Promise<void>;
}

export interface CenterOptions {
  readonly config: Config;
  /** Folder of the built console; without one the API says how to build it. */
  readonly consoleFolder: string | undefined;
  readonly version: string;
  /** What this process does; everything by default. Some roles only: where engines are shared. */
  readonly roles?: readonly Role[];
  /** Ends the waiting for servers that are not there yet. */
  readonly signal?: AbortSignal;
}

const DAY_MS = 86_400_000;
const PRUNE_EVERY_MS = 600_000;
/** What runs is given so long to finish, all of it together; then it is left, and comes back from its queue. */
const FINISH_MS = 5_000;
/** What stops last is not cut off for what stopped first. */
const LEAST_FINISH_MS = 500;

/** Throws what keeps it from running (a port that is taken, a folder in use, a server away), with nothing left open. */
export async function startCenter(options: CenterOptions): Promise<Center> {
  const opened: (() => Promise<void>)[] = [];
  let finishBy = Number.POSITIVE_INFINITY;
  const finishMs = (): number => Math.max(LEAST_FINISH_MS, Math.min(FINISH_MS, finishBy - performance.now()));
  // What was opened last closes first: doors, then threads, then engines.
  const close = async (): Promise<void> => {
    finishBy = performance.now() + FINISH_MS;
    for (let part = opened.pop(); part !== undefined; part = opened.pop()) await part();
  };
  try {
    return { ...(await open(options, (part) => opened.push(part), finishMs)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  { config, consoleFolder, version, roles = allRoles, signal }: CenterOptions,
  onClose: (part: () => Promise<void>) => void,
  finishMs: () => number,
): Promise<Omit<Center, 'close'>> {
  checkRoles(config, roles);
  const has = (role: Role): boolean => roles.includes(role);
  const log = pino({ level: config.log.level }, pino.destination(2));

  // Threads start, and compile rules, while the engines open. Whoever does not work batches still needs to know which rules compile.
  const spare = Math.max(1, availableParallelism() - 1);
  const workers = has('worker') ? config.pipeline.workers || spare : 1;
  const pipeline = beginPipelineThreads(
    has('worker') || has('correlator') || has('api') ? workers : 0,
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
  const stopPipeline = (): Promise<void> => pipeline.stop(finishMs());
  // Registered again once it works, to be stopped before the engines are closed.
  onClose(stopPipeline);
  const [engines, rules] = await allOrNone([
    openEngines(config, onClose, log, { version, signal }),
    has('worker') || has('correlator') || has('api')
      ? openRules({
          folders: async () => [...ruleFolders(config.rules), ...(await rulePackFolders(config.dataDir))],
          latenessMs: config.correlate.latenessHours * 3_600_000,
          pipeline,
          log,
        })
      : Promise.resolve(undefined),
  ]);
  const { store, records, matches, peers, tracer } = engines;

  // Correlator and incidents.
  const live = createLive();
  const watch = (changes: readonly Change[]): void => {
    live.publish(changes);
    const watched = changes.filter(({ kind }) => kind === 'alert' || kind === 'incident' || kind === 'campaign');
    if (watched.length > 0) peers.tell({ kind: 'saved', changes: watched });
  };
  let correlator: CorrelatorWork | undefined;
  if (rules !== undefined && has('correlator')) {
    correlator = beginCorrelator({ store, matches, waiting: [records, matches], tracer, onSaved: watch, log }, rules);
    const { stop } = correlator;
    onClose(() => within(finishMs(), stop()));
    // In a cluster another may lead for weeks.
    if (!engines.shared) await correlator.began;
  }

  // Pipeline.
  if (has('worker')) {
    await pipeline.work(() => {
      const { engines: forThread, transfer } = engines.forThread();
      const matchFields = [...(rules as AppRules).current().correlator.matchFields];
      return { start: { engines: forThread, matchFields }, transfer };
    });
  }
  onClose(stopPipeline);
  const reloadRules = beginReloading(engines, rules, correlator, onClose);

  onClose(async () => stopListening());
  const stopListening = peers.listen((message) => {
    if (message.kind === 'reload') rules?.reload(message.actor, 'told').catch(() => undefined);
    else {
      live.publish(message.changes);
      correlator?.replace(message.changes);
    }
  });
  peers.report(createStatus({ engines, roles, version, rules, correlator }));

  // Doors.
  const status = createCenterStatus({ engines, config });
  const metrics = async (): Promise<string> =>
    processMetrics(await status(), { version, correlator: correlator && rules?.current().correlator.stats() });
  const health = () =>
    readiness(status, { roles, pipeline: has('worker') ? { alive: pipeline.alive(), threads: workers } : undefined });
  const doors = { config, engines, log, version, onClose, health, metrics, status };
  const intakeUrl = has('intake') ? await openIntake(doors) : '';
  const apiUrl =
    has('api') && rules !== undefined
      ? await openApi({
          ...doors,
          rules: rules.current,
          reloadRules,
          live,
          onSaved(changes) {
            correlator?.replace(changes);
            watch(changes);
          },
          consoleFolder,
        })
      : '';
  await openProbes(doors);
  if (has('correlator')) beginPruning(config, store, log, onClose);
  return { store, apiUrl, intakeUrl, records, matches, shared: engines.shared, reloadRules };
}

function checkRoles({ store, queue }: Config, roles: readonly Role[]): void {
  const shared = store.engine === 'elasticsearch' && queue.engine === 'redis';
  if (roles.length === allRoles.length || shared) return;
  throw new Error(
    `a process with the role ${roles.join(', ')} alone needs engines that others share: set store.engine to "elasticsearch" and queue.engine to "redis", or leave --role out`,
  );
}

function beginReloading(
  { store, peers }: Engines,
  rules: AppRules | undefined,
  correlator: CorrelatorWork | undefined,
  onClose: (part: () => Promise<void>) => void,
): Center['reloadRules'] {
  if (rules === undefined) {
    return async (actor) => {
      peers.tell({ kind: 'reload', actor });
      throw new Error('this process works without rules; the others were told');
    };
  }
  rules.begin({
    handOver: correlator?.handOver ?? ((_next, record) => record()),
    save: (changes) => store.save(changes),
  });
  onClose(rules.close);
  return async (actor) => {
    const told = await rules.reload(actor);
    peers.tell({ kind: 'reload', actor });
    return told;
  };
}

function createStatus(parts: {
  readonly engines: Engines;
  readonly roles: readonly Role[];
  readonly version: string;
  readonly rules: AppRules | undefined;
  readonly correlator: CorrelatorWork | undefined;
}): () => PeerStatus {
  const { engines, roles, version, rules, correlator } = parts;
  const startedAt = new Date().toISOString();
  let before = { usage: process.cpuUsage(), at: performance.now() };
  let cpu = 0;
  return () => {
    const now = { usage: process.cpuUsage(), at: performance.now() };
    const usedMs = (now.usage.user + now.usage.system - before.usage.user - before.usage.system) / 1_000;
    // Several ask, one right after the other: a moment is no measure.
    if (now.at - before.at >= 1_000) {
      cpu = usedMs / (now.at - before.at);
      before = now;
    }
    return {
      ...{ id: engines.id, roles, version, host: hostname(), pid: process.pid, startedAt },
      seenAt: new Date().toISOString(),
      rules: rules?.current().version ?? null,
      cpu: Math.round(cpu * 100) / 100,
      memoryBytes: process.memoryUsage.rss(),
      ...(correlator !== undefined && {
        correlator: {
          leads: correlator.term() !== undefined,
          term: correlator.term() ?? null,
          groups: rules?.current().correlator.stats().groups ?? 0,
        },
      }),
    };
  };
}

function beginPruning(
  { retention }: Config,
  store: Store,
  log: { info(data: object, text: string): void; error(data: object, text: string): void },
  onClose: (part: () => Promise<void>) => void,
): void {
  const prune = setInterval(() => {
    const before = new Date(Date.now() - retention.eventDays * DAY_MS).toISOString().slice(0, 10);
    store.prune(before).then(
      (days) => days.length > 0 && log.info({ days }, 'removed days past retention'),
      (error: unknown) => log.error({ err: error }, 'retention failed; will retry'),
    );
  }, PRUNE_EVERY_MS);
  prune.unref();
  onClose(async () => clearInterval(prune));
}
