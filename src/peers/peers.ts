/**
 * What the processes of one center tell each other: what was saved, that rules are to be read anew, how each of them is. A message
 * may be lost, never an alert: whoever hears nothing finds all of it in the store. Adapters: alone.ts (one process), redis.ts.
 */
import type { Change } from '../store/store.ts';

export type PeerMessage =
  /** Alerts, incidents and campaigns as they were saved. */
  | { readonly kind: 'saved'; readonly changes: readonly Change[] }
  /** All processes are to read their rules again; `actor` asked for it. */
  | { readonly kind: 'reload'; readonly actor: string };

export type Role = 'intake' | 'worker' | 'correlator' | 'api';
export const roles: readonly Role[] = ['intake', 'worker', 'correlator', 'api'];

/** How a process is, as it says itself. */
export interface PeerStatus {
  /** Its own, new at each start. */
  readonly id: string;
  readonly roles: readonly Role[];
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly seenAt: string;
  /** Version of the rules it works with; null where it needs none. */
  readonly rules: string | null;
  /** Share of one core in the last seconds, and resident bytes. */
  readonly cpu: number;
  readonly memoryBytes: number;
  /** Of a correlator: whether it leads, under which term, and how many groups it remembers. */
  readonly correlator?: {
    readonly leads: boolean;
    readonly term: number | null;
    readonly groups: number;
  };
}

export interface Peers {
  /** To all other processes, soon; in the order told, by each. */
  tell(message: PeerMessage): void;
  /** `listener` gets what others tell, until the returned function is called. It must not throw. */
  listen(listener: (message: PeerMessage) => void): () => void;
  /** Says how this process is, now and every few seconds, until close. */
  report(status: () => PeerStatus): void;
  /** All processes that reported in the last 15 seconds, this one too, longest running first. */
  all(): Promise<readonly PeerStatus[]>;
  close(): Promise<void>;
}

export const REPORT_MS = 5_000;
export const GONE_MS = 15_000;
