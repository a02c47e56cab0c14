/** What the API is built from, and the types its files share. Holds no code that runs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Connector } from '../connector.ts';
import type { Problem, RuleSet } from '../detect/rule.ts';
import type { Scope } from '../model/scope.ts';
import type { Queue } from '../queue/queue.ts';
import type { Change, Store } from '../store/store.ts';
import type { Live } from './live.ts';

export interface ApiParts {
  readonly store: Store;
  /** The queue of records. */
  readonly queue: Pick<Queue, 'depth' | 'dead' | 'retryDead'>;
  readonly rules: () => { readonly set: RuleSet; readonly engineProblems: readonly Problem[] };
  readonly connectors: readonly Connector[];
  /** Told of each saved change to alerts, incidents and campaigns, after the save. */
  readonly onSaved: (changes: readonly Change[]) => void;
  readonly live: Live;
  /** `cut`: rejects that were stored shortened and cannot be replayed. */
  readonly replay: (scope: Scope, rejectIds: readonly string[]) => Promise<{ replayed: number; cut: number }>;
  readonly log: FastifyBaseLogger;
  readonly config: {
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
