/** The queue's filters as they stand in the address, as they go to the API, and as a test on one alert for live updates. */
import { withQuery } from '../api.ts';
import type { AlertStatus, AlertView, Level } from '../types.ts';

export interface AlertFilters {
  /** Empty: any. */
  readonly status: readonly AlertStatus[];
  readonly level: readonly Level[];
  readonly memberId: string;
  readonly ruleId: string;
  readonly text: string;
}

const statuses: readonly AlertStatus[] = ['new', 'acknowledged', 'closed'];
const levels: readonly Level[] = ['critical', 'high', 'medium', 'low', 'informational'];

/** Without a word about status the queue is what nobody has looked at yet; `status=any` is all of it. */
export function readFilters(query: {
  readonly one: (name: string) => string;
  readonly all: (name: string) => readonly string[];
}): AlertFilters {
  const asked = query.all('status');
  return {
    status: asked.length === 0 ? ['new'] : statuses.filter((status) => asked.includes(status)),
    level: levels.filter((level) => query.all('level').includes(level)),
    memberId: query.one('member'),
    ruleId: query.one('rule'),
    text: query.one('text'),
  };
}

/** What `status` becomes in the address. */
export function statusParams(chosen: readonly string[]): readonly string[] {
  if (chosen.length === 0) return ['any'];
  return chosen.length === 1 && chosen[0] === 'new' ? [] : chosen;
}

export function alertsPath(filters: AlertFilters, limit: number): string {
  const { status, level, memberId, ruleId, text } = filters;
  return withQuery('alerts', { status, level, memberId, ruleId, text, limit });
}

/** Whether a changed alert belongs into the list. Text is compared more simply than the server does; a reload settles it. */
export function fits(alert: AlertView, filters: AlertFilters): boolean {
  if (filters.status.length > 0 && !filters.status.includes(alert.status)) return false;
  if (filters.level.length > 0 && !filters.level.includes(alert.level)) return false;
  if (filters.memberId !== '' && alert.memberId !== filters.memberId) return false;
  if (filters.ruleId !== '' && alert.ruleId !== filters.ruleId) return false;
  const words = filters.text.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean);
  const content = [alert.title, alert.titleJa ?? '', ...alert.entities.map((entity) => entity.value)]
    .join(' ')
    .normalize('NFKC')
    .toLowerCase();
  return words.every((word) => content.includes(word));
}
