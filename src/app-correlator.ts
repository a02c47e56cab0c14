/**
 * The correlator of this process: waits for its turn to lead, learns from the store what the one before knew, works until it is told
 * to stop or another takes over, and then waits again. Whoever does not lead writes nothing.
 */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginMatchesWork, type MatchesWork, type MatchesWorkParts } from './app-matches.ts';
import type { HandOver } from './app-rules.ts';
import { createIncidentBook, type IncidentBook } from './incident/book.ts';
import type { LoadedRules } from './rule-loading.ts';
import type { Change, Lead } from './store/store.ts';

export interface CorrelatorWork {
  /** For a reload of the rules: the one that works changes over; one in waiting begins with them when its turn comes. */
  readonly handOver: HandOver;
  /** What people changed, so that it need not be read again. */
  replace(changes: readonly Change[]): void;
  /** The term it leads under, undefined while it waits. */
  term(): number | undefined;
  /** Resolves when it works for the first time; rejects with what keeps it from working, if that is before. */
  readonly began: Promise<void>;
  stop(): Promise<void>;
}

const AGAIN_MS = 1_000;

export function beginCorrelator(
  parts: Omit<MatchesWorkParts, 'book' | 'term'>,
  rules: {
    current(): LoadedRules;
    /** Reads the rules again, with a correlator that has seen nothing. */
    renew(): Promise<void>;
  },
): CorrelatorWork {
  const stopping = new AbortController();
  let book: IncidentBook | undefined;
  let work: MatchesWork | undefined;
  let term: number | undefined;
  let first: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const began = new Promise<void>((resolve, reject) => {
    first = { resolve, reject };
  });
  began.catch(() => undefined);
  /** A reload and a change of the lead do not meet. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const next = turn.then(act);
    turn = next.catch(() => undefined);
    return next;
  };

  async function lead(): Promise<void> {
    const lead: Lead = await parts.store.takeLead(`${hostname()}:${process.pid}`, stopping.signal);
    try {
      await inTurn(async () => {
        book = createIncidentBook();
        work = await beginMatchesWork({ ...parts, book, term: lead.term }, rules.current());
        term = lead.term;
      });
      first?.resolve();
      await ended(AbortSignal.any([lead.lost, stopping.signal]));
      if (lead.lost.aborted)
        parts.log.error({ term, err: lead.lost.reason }, 'the lead is lost; waiting for the next turn');
    } finally {
      await inTurn(async () => {
        term = undefined;
        await work?.stop();
        work = undefined;
        book = undefined;
      });
      await lead.release();
      // What this one remembers is not what the next lead will find.
      if (!stopping.signal.aborted) await rules.renew();
    }
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await lead();
      } catch (error) {
        first?.reject(error);
        if (stopping.signal.aborted) return;
        parts.log.error({ err: error }, 'the correlator could not work; trying again');
        await sleep(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  })();

  return {
    began,
    handOver: (next, record) => inTurn(async () => (work === undefined ? record() : work.handOver(next, record))),
    replace(changes) {
      for (const change of changes) book?.replace(change);
    },
    term: () => term,
    async stop() {
      stopping.abort(new Error('the center stops'));
      await running;
    },
  };
}

const ended = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
