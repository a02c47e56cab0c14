/**
 * The connector SDK: all that connectors/* may import besides model/ and a parsing library.
 * A connector turns one record of one log product into flat ECS fields. It is pure: no clock, no I/O, no memory between records.
 */
import type { ZodType, z } from 'zod';
import type { Fields } from './model/event.ts';

export interface SourceContext<Config = unknown> {
  /** IANA zone for times that do not say theirs. */
  readonly timeZone: string;
  /** When the center received the record, ISO 8601 UTC: for formats that leave out the year. */
  readonly receivedAt: string;
  readonly config: Config;
}

export interface Connector<Config = unknown> {
  /** Folder name, and event.dataset of its events. */
  readonly type: string;
  /** One line for people who choose a connector: product, and how its logs reach us. */
  readonly summary: { readonly en: string; readonly ja: string };
  /** Settings of a source of this type: validation, docs table and console form come from it. */
  readonly config: ZodType<Config>;
  /** What the records of a source look like; decides how the intake splits a body. json: documents, one line or many. */
  readonly records: 'lines' | 'json';
  /**
   * One record in, one or more events out, in the record's order. "@timestamp" (ISO 8601 UTC) where the record has a time.
   * One value, one place: a value that ECS has a field for goes there and only there, any other keeps its own name under the
   * product's prefix. Throws RecordError when the record is not of this product: it becomes a reject with that message.
   * The events are the caller's from then on, who writes into them.
   */
  parse(record: string, source: SourceContext<Config>): readonly Fields[];
}

/** Types a connector by its own schema. */
export function defineConnector<Schema extends ZodType>(
  connector: Omit<Connector<z.output<Schema>>, 'config'> & { readonly config: Schema },
): Connector {
  return connector as unknown as Connector;
}

/** The record is not what the connector reads. Say what was expected and what stood there instead, shortly: senders read it. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordError';
  }
}

const offsetFormats = new Map<string, Intl.DateTimeFormat>();

/** Minutes east of UTC of a zone at a moment. Throws RangeError for an unknown zone. */
function offsetMinutes(timeZone: string, epochMs: number): number {
  let format = offsetFormats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    offsetFormats.set(timeZone, format);
  }
  const name = format.formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const found = /GMT([+-])(\d\d):(\d\d)/.exec(name);
  if (found === null) return 0;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === '-' ? -minutes : minutes;
}

// Hot: Intl costs some 10 us a call and logs come nearly in time order, so offsets are remembered per zone and half hour (no zone
// changes its offset inside one), in a few places each: logs of several sources alternate.
const offsetMemory = new Map<string, { readonly slots: Float64Array; readonly minutes: Int16Array }>();
const rememberedSlots = 64;

/**
 * Local wall time in an IANA zone -> milliseconds since the epoch. `month` 1-12. In the hour that a zone repeats in autumn the
 * earlier one is taken; in the hour it skips in spring, the time after the skip. Throws RecordError when a part is out of range.
 */
export function zonedTime(
  timeZone: string,
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
): number {
  const daysInMonth =
    month === 2
      ? new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1
        ? 29
        : 28
      : [4, 6, 9, 11].includes(month)
        ? 30
        : 31;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth && hour <= 23 && minute <= 59 && second <= 60)) {
    throw new RecordError(`no such time: ${year}-${month}-${day} ${hour}:${minute}:${second}`);
  }
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, Math.min(second, 59), millisecond);
  if (timeZone === 'UTC') return asUtc;
  let memory = offsetMemory.get(timeZone);
  if (memory === undefined) {
    memory = { slots: new Float64Array(rememberedSlots).fill(Number.NaN), minutes: new Int16Array(rememberedSlots) };
    offsetMemory.set(timeZone, memory);
  }
  const slot = Math.floor(asUtc / 1_800_000);
  const at = ((slot % rememberedSlots) + rememberedSlots) % rememberedSlots;
  if (memory.slots[at] !== slot) {
    memory.minutes[at] = offsetMinutes(timeZone, asUtc - offsetMinutes(timeZone, asUtc - 86_400_000) * 60_000);
    memory.slots[at] = slot;
  }
  return asUtc - (memory.minutes[at] as number) * 60_000;
}

/** Milliseconds since the epoch -> what "@timestamp" holds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/**
 * An ISO 8601 or RFC 3339 time -> "@timestamp"; a time without zone is read in `timeZone`. Fractions beyond milliseconds are cut.
 * Throws RecordError.
 */
export function parseIsoTime(text: string, timeZone: string): string {
  const found = /^(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?$/.exec(
    text,
  );
  if (found === null) throw new RecordError(`not a time: "${text.slice(0, 40)}"`);
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000);
  const local = zonedTime(
    zone === undefined ? timeZone : 'UTC',
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  );
  if (zone === undefined || zone === 'Z') return isoTime(local);
  const east = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * (zone[0] === '-' ? -1 : 1);
  return isoTime(local - east * 60_000);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "Jan" -> 1. Undefined when it is no month. */
export function monthNumber(name: string): number | undefined {
  const index = months.indexOf(name);
  return index < 0 ? undefined : index + 1;
}

/**
 * A time without year (RFC 3164) -> the latest such time not more than a day after receipt: December's logs in January are last
 * year's, and a clock that runs ahead a little does not throw a record back by a year.
 */
export function yearlessTime(
  receivedAt: string,
  timeZone: string,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const receivedMs = Date.parse(receivedAt);
  const year = new Date(receivedMs).getUTCFullYear();
  for (const candidate of [year + 1, year]) {
    if (month === 2 && day === 29 && new Date(Date.UTC(candidate, 1, 29)).getUTCMonth() !== 1) continue;
    const ms = zonedTime(timeZone, candidate, month, day, hour, minute, second);
    if (ms <= receivedMs + 86_400_000) return ms;
  }
  return zonedTime(timeZone, year - 1, month, day, hour, minute, second);
}

export interface SyslogHeader {
  readonly facility?: number;
  readonly severity?: number;
  /** ISO 8601 UTC. */
  readonly time?: string;
  readonly host?: string;
  readonly app?: string;
  readonly pid?: string;
  /** What follows the header. */
  readonly message: string;
}

const rfc3164 = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\S+) /;
const isoHeader = /^(\d{4}-\d\d-\d\dT\S+) (\S+) /;
const rfc5424 = /^1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+)(?: |$)/;
const tag = /^([^\s:[\]]{1,64})(?:\[([^\]\s]{1,32})\])?: ?/;

/**
 * Takes a syslog header off a line: RFC 5424, RFC 3164, rsyslog's ISO form, or only <PRI>, or nothing at all.
 * Never throws for a missing header: relays and appliances leave out any part of it.
 */
export function syslogHeader(line: string, source: Pick<SourceContext, 'timeZone' | 'receivedAt'>): SyslogHeader {
  let rest = line;
  let priority: { facility: number; severity: number } | undefined;
  const pri = /^<(\d{1,3})>\s*/.exec(rest);
  if (pri !== null && Number(pri[1]) <= 191) {
    priority = { facility: Number(pri[1]) >> 3, severity: Number(pri[1]) & 7 };
    rest = rest.slice(pri[0].length);
  }
  const modern = rfc5424.exec(rest);
  if (modern !== null) {
    const [all, time, host, app, pid] = modern;
    return {
      ...priority,
      ...(time !== '-' && { time: parseIsoTime(time as string, source.timeZone) }),
      ...(host !== '-' && { host: host as string }),
      ...(app !== '-' && { app: app as string }),
      ...(pid !== '-' && { pid: pid as string }),
      message: rest.slice(all.length).replace(/^\uFEFF/, ''),
    };
  }
  let time: string | undefined;
  let host: string | undefined;
  const old = rfc3164.exec(rest);
  const month = old === null ? undefined : monthNumber(old[1] as string);
  if (old !== null && month !== undefined) {
    time = isoTime(
      yearlessTime(
        source.receivedAt,
        source.timeZone,
        month,
        Number(old[2]),
        Number(old[3]),
        Number(old[4]),
        Number(old[5]),
      ),
    );
    host = old[6];
    rest = rest.slice(old[0].length);
  } else {
    const iso = isoHeader.exec(rest);
    if (iso !== null) {
      time = parseIsoTime(iso[1] as string, source.timeZone);
      host = iso[2];
      rest = rest.slice(iso[0].length);
    }
  }
  if (time === undefined) return { ...priority, message: rest };
  const named = tag.exec(rest);
  return {
    ...priority,
    time,
    ...(host !== undefined && { host }),
    ...(named !== null && { app: named[1] as string, ...(named[2] !== undefined && { pid: named[2] }) }),
    message: named === null ? rest : rest.slice(named[0].length),
  };
}

/** A record of a product without syslog that came through a relay: takes the header (one with <PRI>) off and keeps its host. */
export function unwrapRelayed(
  record: string,
  source: Pick<SourceContext, 'timeZone' | 'receivedAt'>,
  fields: Fields,
): string {
  const line = record.trimEnd();
  if (!/^<\d{1,3}>/.test(line)) return line;
  const header = syslogHeader(line, source);
  if (header.host !== undefined) fields['host.name'] = header.host;
  return header.message;
}
