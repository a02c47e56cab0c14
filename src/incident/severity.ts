/** Levels and stretches of time compared. */
import { type Alert, type Level, level } from '../model/alert.ts';

const rank = new Map<Level, number>(level.options.map((name, index) => [name, index]));

export const isAtLeast = (a: Level, b: Level): boolean => (rank.get(a) as number) >= (rank.get(b) as number);

export const maxLevel = (a: Level, b: Level): Level => (isAtLeast(a, b) ? a : b);

/** What a case is named after comes first: the gravest alert, of several the first seen. */
export function gravestFirst(a: Alert, b: Alert): number {
  if (a.level !== b.level) return isAtLeast(a.level, b.level) ? -1 : 1;
  return a.firstSeenAt < b.firstSeenAt ? -1 : a.firstSeenAt > b.firstSeenAt ? 1 : a.id < b.id ? -1 : 1;
}

export interface Span {
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

/** Things this far apart in event time are not tied together by a shared entity. */
const nearMs = 24 * 3_600_000;

export function isNear(a: Span, b: Span): boolean {
  return (
    Date.parse(a.firstSeenAt) - Date.parse(b.lastSeenAt) <= nearMs &&
    Date.parse(b.firstSeenAt) - Date.parse(a.lastSeenAt) <= nearMs
  );
}

/** The stretch that holds both. */
export function joinSpans(a: Span, b: Span): Span {
  return {
    firstSeenAt: [a.firstSeenAt, b.firstSeenAt].sort()[0] as string,
    lastSeenAt: [a.lastSeenAt, b.lastSeenAt].sort()[1] as string,
  };
}
