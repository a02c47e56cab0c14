/**
 * The event half of the cluster's store: events, rejects, batches, the ledger, and their removal. How they lie:
 * event-format.ts. Knows nothing of alerts; which batches were applied it is told.
 */
import type { Copying } from '../copy.ts';
import type { Store } from '../store.ts';
import type { Elastic } from './connection.ts';
import { EVENT_FORMAT, eventTemplate, ledgerIndex, ledgerMapping, periodIndex, periodMapping } from './event-format.ts';
import { createEventSearch } from './event-search.ts';
import { createEventReads } from './find-events.ts';
import { createLedger } from './ledger.ts';
import { makeIndex, plainSettings } from './make-index.ts';
import { createPeriods } from './period.ts';
import { createPrune } from './prune.ts';
import { createPuts } from './put.ts';
import { createRecordReads } from './records.ts';
import type { Freshness } from './refresh.ts';
import { createStats } from './stats.ts';

export interface EventsParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  /** Which of these batches are marked applied. */
  appliedBatches(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Forgets the marks of batches received before that day (ISO date). */
  forgetApplied(beforeDay: string): Promise<void>;
  /** A member with more documents than this in a month gets an index a day from the next month on; 20,000,000 by default. */
  readonly dailyAbove?: number;
}

export type EventsHalf = Pick<
  Store,
  | 'putBatches'
  | 'outcome'
  | 'findEvents'
  | 'getEvents'
  | 'countEvents'
  | 'findRejects'
  | 'getRejects'
  | 'removeRejects'
  | 'appliedMatches'
  | 'ledger'
  | 'addRefused'
  | 'prune'
  | 'stats'
>;

const DAILY_ABOVE = 20_000_000;

/** Makes the template and the indices that are not there. Throws when a newer center has made them. */
export async function openEvents(parts: EventsParts): Promise<EventsHalf & Pick<Copying, 'lacking'>> {
  const { elastic, fresh, dailyAbove = DAILY_ABOVE } = parts;
  await Promise.all([
    putTemplate(elastic),
    makeIndex(elastic, ledgerIndex(elastic.prefix), { settings: plainSettings, mappings: ledgerMapping }),
    makeIndex(elastic, periodIndex(elastic.prefix), { settings: plainSettings, mappings: periodMapping }),
  ]);
  const search = createEventSearch(elastic, fresh);
  const periods = createPeriods(elastic, dailyAbove);
  const shared = { ...parts, search, periods };
  return {
    ...createPuts(shared),
    ...createEventReads(search),
    ...createRecordReads(shared),
    ...createLedger(shared),
    prune: createPrune(shared),
    ...createStats(elastic, search),
  };
}

async function putTemplate(elastic: Elastic): Promise<void> {
  const name = `${elastic.prefix}-events`;
  const path = `/_index_template/${name}`;
  const { status, body } = await elastic.request<{ index_templates: { index_template: { version?: number } }[] }>({
    method: 'GET',
    path,
    accept: [404],
  });
  const there = status === 404 ? 0 : (body.index_templates[0]?.index_template.version ?? 0);
  if (there > EVENT_FORMAT) {
    throw new Error(
      `index template ${name} was made by a newer Hinomi (format ${there}, this one knows ${EVENT_FORMAT}): start that one`,
    );
  }
  await elastic.request({ method: 'PUT', path, body: eventTemplate(elastic.prefix) });
}
