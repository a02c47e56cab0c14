/**
 * Who leads, when several could: the one whose beat goes on. Whether a term is in force the journal decides, entry by entry, so that
 * one who was stopped for a while and does not know can write nothing; the beat only tells when to take over. Each watcher measures
 * by its own clock how long the beat has stood still: no clock of another machine is believed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lead } from '../store.ts';
import type { Elastic } from './connection.ts';
import { docIndex } from './doc-format.ts';
import { type Journal, stateIndex } from './journal.ts';
import type { Freshness } from './refresh.ts';

interface Beat {
  readonly term: number;
  readonly number: number;
  readonly released: boolean;
}

const BEATS_A_LEASE = 4;
/** Beats of a term stay below the first of the next: their numbers are versions. */
const BEATS_A_TERM = 1e9;

/** `leaseMs`: how long a beat may stand still before another takes over. */
export function createLeads(elastic: Elastic, fresh: Freshness, journal: Journal, leaseMs: number) {
  const index = stateIndex(elastic.prefix);
  const beatMs = leaseMs / BEATS_A_LEASE;

  async function readBeat(): Promise<Beat | undefined> {
    const { status, body } = await elastic.request<Beat>({
      method: 'GET',
      path: `/${index}/_source/beat`,
      accept: [404],
      patience: 'writer',
    });
    return status === 404 ? undefined : body;
  }

  /** False when a later term has begun. */
  async function writeBeat(beat: Beat): Promise<boolean> {
    const { status } = await elastic.request({
      method: 'PUT',
      path: `/${index}/_doc/beat`,
      query: { version: beat.term * BEATS_A_TERM + beat.number, version_type: 'external' },
      body: beat,
      accept: [409],
    });
    return status !== 409;
  }

  function hold(term: number): Lead {
    const lost = new AbortController();
    let number = 0;
    let released = false;
    let beatAt = performance.now();
    const end = (why: string): void => {
      clearInterval(timer);
      if (!released) lost.abort(new Error(why));
    };
    const beat = async (): Promise<void> => {
      const sentAt = performance.now();
      try {
        if (await writeBeat({ term, number: number++, released: false })) beatAt = sentAt;
        else end('another correlator took over');
      } catch {
        // Looked at below: a beat that was lost does no harm, several do.
      }
      if (performance.now() - beatAt > leaseMs - beatMs) end('the lead could not be renewed in time');
    };
    let beating = beat();
    const timer = setInterval(() => {
      beating = beating.then(() => (lost.signal.aborted || released ? undefined : beat()));
    }, beatMs);
    timer.unref();
    return {
      term,
      lost: lost.signal,
      async release() {
        if (released) return;
        released = true;
        clearInterval(timer);
        await beating;
        if (!lost.signal.aborted) await writeBeat({ term, number: number++, released: true }).catch(() => undefined);
      },
    };
  }

  return {
    async takeLead(holder: string, signal: AbortSignal): Promise<Lead> {
      let seen = '';
      let stillSince = performance.now();
      for (;;) {
        signal.throwIfAborted();
        const [lead, beat] = [await journal.lead(), await readBeat()];
        const now = JSON.stringify([lead?.term, beat]);
        if (now !== seen) {
          seen = now;
          stillSince = performance.now();
        }
        const free = lead === undefined || (beat?.term === lead.term && beat.released);
        if (free || performance.now() - stillSince >= leaseMs) {
          const term = await journal.beginTerm(holder, lead?.term ?? 0);
          if (term === undefined) continue;
          const held = hold(term);
          // What the one before wrote last must be found by the one who goes on from there.
          await fresh.beforeWhole([docIndex(elastic.prefix, '*')]);
          return held;
        }
        await sleep(Math.min(1_000, beatMs), undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
