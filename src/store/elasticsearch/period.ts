/**
 * Which index a member's batch of a day belongs to, month or day, decided once for a member and month by whoever comes first, and
 * never again: the index of an id must be the same for ever.
 */
import type { Elastic } from './connection.ts';
import { dayPeriod, eventIndex, monthOf, periodIndex } from './event-format.ts';
import { makeIndex } from './make-index.ts';

export interface Periods {
  /** Name of the index, which is there when it resolves. `day`: ISO date of receipt. */
  place(memberId: string, day: string): Promise<string>;
  /** The index may be gone. */
  forget(index: string): void;
}

type Period = 'month' | 'day';

export function createPeriods(elastic: Elastic, dailyAbove: number): Periods {
  const periods = new Map<string, Promise<Period>>();
  const made = new Map<string, Promise<void>>();

  async function read(id: string): Promise<Period | undefined> {
    const { status, body } = await elastic.request<{ period: Period }>({
      method: 'GET',
      path: `/${periodIndex(elastic.prefix)}/_source/${id}`,
      accept: [404],
      patience: 'writer',
    });
    return status === 404 ? undefined : body.period;
  }

  async function decide(memberId: string, month: string): Promise<Period> {
    const id = `${memberId}_${month}`;
    const known = await read(id);
    if (known !== undefined) return known;
    const before = previousMonth(month);
    const { body } = await elastic.request<{ count: number }>({
      method: 'GET',
      path: `/${eventIndex(elastic.prefix, memberId, before)}*/_count`,
      query: { ignore_unavailable: true, allow_no_indices: true },
      patience: 'writer',
    });
    const period: Period = body.count > dailyAbove ? 'day' : 'month';
    const { status } = await elastic.request({
      method: 'PUT',
      path: `/${periodIndex(elastic.prefix)}/_create/${id}`,
      body: { period, documentsBefore: body.count },
      accept: [409],
      patience: 'writer',
    });
    return status === 409 ? ((await read(id)) ?? period) : period;
  }

  return {
    async place(memberId, day) {
      const month = monthOf(day);
      // Refuses what is no member's id before it is asked for.
      const ofMonth = eventIndex(elastic.prefix, memberId, month);
      const period = await once(periods, ofMonth, () => decide(memberId, month));
      const index = period === 'month' ? ofMonth : eventIndex(elastic.prefix, memberId, dayPeriod(day));
      await once(made, index, () => makeIndex(elastic, index, undefined, 'writer'));
      return index;
    },
    forget(index) {
      made.delete(index);
    },
  };
}

/** What failed is tried anew. */
function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const there = known.get(key);
  if (there !== undefined) return there;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}

/** "2026.01" -> "2025.12". */
export function previousMonth(month: string): string {
  const [year, number] = month.split('.').map(Number) as [number, number];
  return number > 1
    ? `${String(year).padStart(4, '0')}.${String(number - 1).padStart(2, '0')}`
    : `${String(year - 1).padStart(4, '0')}.12`;
}
