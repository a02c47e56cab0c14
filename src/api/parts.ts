/** What the API is built from, and the types its files share. Holds no code that runs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Connector } from '../connector.ts';
import type { CorrelationRule, Problem, SigmaRule } from '../detect/rule.ts';
import type { Scope } from '../model/scope.ts';
import type { CenterStatus } from '../model/status.ts';
import type { Queue } from '../queue/queue.ts';
import type { Change, Store } from '../store/store.ts';
import type { Live } from './live.ts';

/** A file that is broken on disk, so that its rules stay as they were. */
export interface KeptOld {
  readonly file: string;
  /** When the version in force was read, ISO 8601 UTC. */
  readonly since: string;
  /** Ids of the rules and correlations in it. */
  readonly rules: readonly string[];
}

/** The rules that the center works with: those left out are not among them, but in `problems`. */
export interface RulesInForce {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly CorrelationRule[];
  readonly problems: readonly Problem[];
  /** The same for the same files. */
  readonly version: string;
  /** When the folders were read, ISO 8601 UTC. */
  readonly loadedAt: string;
  readonly keptOld: readonly KeptOld[];
}

/** What a reload brought, with what is in force from now on. */
export interface RulesReload {
  readonly version: string;
  readonly loadedAt: string;
  /** How many are in force. */
  readonly rules: number;
  readonly correlations: number;
  readonly problems: readonly Problem[];
  /** Ids of rules and correlations, sorted. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly keptOld: readonly KeptOld[];
}

export interface ApiParts {
  readonly store: Store;
  readonly queues: {
    readonly records: Pick<Queue, 'depth' | 'dead' | 'retryDead'>;
    readonly matches: Pick<Queue, 'dead' | 'retryDead'>;
  };
  readonly rules: () => RulesInForce;
  /** Reads the rules' folders again, and puts it on record. Throws why the rules before stay in force. */
  readonly reloadRules: (actor: string) => Promise<RulesReload>;
  readonly connectors: readonly Connector[];
  /** Told of each saved change to alerts, incidents and campaigns, after the save. */
  readonly onSaved: (changes: readonly Change[]) => void;
  readonly live: Live;
  /** `cut`: rejects that were stored shortened and cannot be replayed. */
  readonly replay: (scope: Scope, rejectIds: readonly string[]) => Promise<{ replayed: number; cut: number }>;
  readonly log: FastifyBaseLogger;
  readonly config: {
    /** Addresses and networks of proxies whose X-Forwarded-For is believed; "loopback" too. */
    readonly trustedProxies: readonly string[];
    /** Cookies only over TLS, and browsers are told to use nothing else. */
    readonly secureCookies: boolean;
    readonly sessionHours: number;
    /** Failed sign-ins after which a login is locked, and for how long. */
    readonly lockAfter: number;
    readonly lockMinutes: number;
    readonly version: string;
  };
  /** Folder of the built console; undefined: a page that says how to build it. */
  readonly consoleFolder: string | undefined;
  readonly health: () => Promise<{
    readonly ready: boolean;
    readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
  }>;
  /** How the whole center is, members by their ids. Never throws for a part that is away. */
  readonly status: () => Promise<CenterStatus>;
  /** Further lines for /metrics, in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

/** Fastify with bodies, queries and answers typed by their zod schemas. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
