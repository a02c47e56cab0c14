/** Numbers and times as event values hold them: as JSON numbers or as text. Comparing never loses digits. */

/** What an event's scalar is as text: the form in which everything is compared. */
export function canonicalText(value: string | number | bigint | boolean): string {
  return typeof value === 'string' ? value : String(value);
}

const whole = /^[+-]?\d{1,40}$/;
const decimal = /^[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?$/;

/** What an event's field may hold, alone or in a list; anything else counts as not there. */
export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Decimal text -> number; bigint beyond 2^53. Undefined for anything else (hexadecimal, empty, blanks around it). */
export function parseNumber(text: string): number | bigint | undefined {
  if (text.length > 90) return undefined;
  if (whole.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.replace(/^\+/, ''));
  }
  return decimal.test(text) ? Number(text) : undefined;
}

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte' | 'eq';

export function compareNumbers(left: number | bigint, op: Comparison, right: number | bigint): boolean {
  switch (op) {
    case 'lt':
      return left < right;
    case 'lte':
      return left <= right;
    case 'gt':
      return left > right;
    case 'gte':
      return left >= right;
    default:
      // Mixed on purpose: 5n and 5 are the same number.
      return !(left < right) && !(left > right);
  }
}

export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

const timeText = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)|$)/;

/**
 * A part of an ISO 8601 time as written: zones are not converted, as Sigma says. day is of the month, week the ISO 8601 week.
 * Undefined when the text is no such time.
 */
export function timePart(text: string, part: TimePart): number | undefined {
  const found = timeText.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute] = found;
  switch (part) {
    case 'year':
      return Number(year);
    case 'month':
      return Number(month);
    case 'day':
      return Number(day);
    case 'hour':
      return hour === undefined ? undefined : Number(hour);
    case 'minute':
      return minute === undefined ? undefined : Number(minute);
    default:
      return isoWeek(Number(year), Number(month), Number(day));
  }
}

/** The week that holds the day's Thursday, counted in that Thursday's year. */
function isoWeek(year: number, month: number, day: number): number {
  const date = new Date(Date.UTC(year, month - 1, day));
  const thursday = date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000;
  const newYear = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - newYear) / 604_800_000) + 1;
}
