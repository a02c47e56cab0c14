/**
 * Windows event logs as JSON: flat (NXLog, Fluent Bit), Winlogbeat old and new, and evtx_dump. Does not read XML or rendered
 * text, and keeps no raw original: every value of the record has its place in the event.
 */
import { z } from 'zod';
import { defineConnector, parseIsoTime, RecordError, type SourceContext } from '../../src/connector.ts';
import { type Draft, put } from './draft.ts';
import { parseDocument } from './json.ts';
import { dataNames } from './names.ts';
import { type Parts, readParts, type TimeText } from './shapes.ts';

export const windowsEvent = defineConnector({
  type: 'windows-event',
  summary: {
    en: 'Windows event logs as JSON: Winlogbeat, NXLog, Fluent Bit, or EVTX files through evtx_dump',
    ja: 'WindowsイベントログのJSON(Winlogbeat・NXLog・Fluent Bit、またはEVTXをevtx_dumpで変換したもの)',
  },
  config: z.object({}),
  records: 'json',
  parse(record, source) {
    const parts = readParts(parseDocument(record));
    const draft: Draft = {};
    placeTime(draft, parts, source);
    for (const [field, value, spare] of parts.system) put(draft, field, value, spare);
    const channel = draft['winlog.channel'];
    const code = draft['event.code'];
    if (typeof channel !== 'string' || channel === '') throw new RecordError('a Windows event without a channel');
    if (typeof code !== 'string' || code === '') throw new RecordError('a Windows event without an event id');
    placeData(draft, parts, channel, code);
    for (const [field, value, spare] of parts.others) put(draft, field, value, spare);
    return [draft];
  },
});

function placeData(draft: Draft, parts: Parts, channel: string, code: string): void {
  const names = dataNames(channel, code);
  for (const [name, value] of parts.data) {
    const own = ownName(name);
    const target = names.get(name);
    const fitting = target === undefined || typeof value === 'object' ? undefined : target[1](value);
    if (target === undefined || fitting === undefined) put(draft, own, value);
    else put(draft, target[0], fitting, own);
  }
}

const KNOWN_NAMES = 10_000;
const ownNames = new Map<string, string>();

/** Hot: products have few names, and a known text serves as a field's name faster than one that was just made. */
function ownName(name: string): string {
  let own = ownNames.get(name);
  if (own === undefined) {
    if (ownNames.size >= KNOWN_NAMES) ownNames.clear();
    own = `winlog.event_data.${name}`;
    ownNames.set(name, own);
  }
  return own;
}

/** The first text that is a time becomes "@timestamp"; others that mean the same moment say nothing new. */
function placeTime(draft: Draft, parts: Parts, source: SourceContext): void {
  let chosen: string | undefined;
  for (const text of parts.times) {
    const time = momentOf(text, source);
    if (time !== undefined && chosen === undefined) {
      chosen = time;
      draft['@timestamp'] = time;
    } else if (time === undefined || time !== chosen) {
      if (text.spare !== 'event.created') put(draft, text.spare, text.value);
      else if (time !== undefined) put(draft, 'event.created', time);
      else put(draft, 'winlog.event_data.@timestamp', text.value);
    }
  }
}

function momentOf(text: TimeText, source: SourceContext): string | undefined {
  if (typeof text.value !== 'string') return undefined;
  try {
    return parseIsoTime(text.value, text.zone ?? source.timeZone);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
