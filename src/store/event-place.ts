/** What an id tells about where its record is kept: the day of receipt, the batch, the record's place in it. */
import { timedId } from '../ids.ts';

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timed = /^[0-7][0-9A-HJKMNP-TV-Z]{25}(?:-|$)/;
const placed = /^([0-7][0-9A-HJKMNP-TV-Z]{25})-([0-9A-HJKMNP-TV-Z]{6})(?:-\d{1,9})?$/;

function base32Value(text: string): number {
  let value = 0;
  for (const digit of text) value = value * 32 + digits.indexOf(digit);
  return value;
}

/** UTC day, ISO 8601. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Day of receipt of a batch id, an event id or a reject id; undefined when the text is none of these. */
export function dayOfId(id: string): string | undefined {
  if (!timed.test(id)) return undefined;
  const ms = base32Value(id.slice(0, 10));
  return ms > 253_402_300_799_999 ? undefined : dayOf(ms);
}

export interface EventPlace {
  readonly batchId: string;
  /** Record in the batch, from 0. Several events of one record share it. */
  readonly offset: number;
}

/** Place of an event or reject id; undefined when the text is none of these. */
export function parsePlace(id: string): EventPlace | undefined {
  const found = placed.exec(id);
  return found === null ? undefined : { batchId: found[1] as string, offset: base32Value(found[2] as string) };
}

/** Ids of things received before that day (ISO date) sort before this text. */
export const idFloor = (day: string): string => timedId(Date.parse(`${day}T00:00:00.000Z`)).slice(0, 10);
