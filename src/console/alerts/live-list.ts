/** How live changes reach the queue without moving the rows under the reader's cursor. Pure. */
import type { AlertView } from '../types.ts';
import { type AlertFilters, fits } from './filters.ts';

/** Waiting alerts are announced, not shown, until the reader asks; beyond this many the list is read anew instead. */
const mostWaiting = 500;

export interface LiveList {
  /** In the order shown. */
  readonly rows: readonly AlertView[];
  /** Arrived since, newest first. */
  readonly waiting: readonly AlertView[];
}

/**
 * A row that changed stays where it is, even when it no longer fits the filters: it must not vanish while it is looked at.
 * A newcomer goes on top when `atTop`, else among the waiting. An older version of a known alert changes nothing.
 */
export function foldChange(list: LiveList, changed: AlertView, filters: AlertFilters, atTop: boolean): LiveList {
  const row = list.rows.find((alert) => alert.id === changed.id);
  if (row !== undefined) {
    if (row.version >= changed.version) return list;
    return { ...list, rows: list.rows.map((alert) => (alert === row ? changed : alert)) };
  }
  const known = list.waiting.find((alert) => alert.id === changed.id);
  if (known !== undefined && known.version >= changed.version) return list;
  const others = known === undefined ? list.waiting : list.waiting.filter((alert) => alert !== known);
  if (!fits(changed, filters)) return known === undefined ? list : { ...list, waiting: others };
  if (atTop) return { rows: [changed, ...list.rows], waiting: others };
  return { ...list, waiting: [changed, ...others].slice(0, mostWaiting) };
}

/** The waiting ones on top of the list. */
export function showWaiting(list: LiveList): LiveList {
  const arrived = new Set(list.waiting.map((alert) => alert.id));
  return { rows: [...list.waiting, ...list.rows.filter((alert) => !arrived.has(alert.id))], waiting: [] };
}
