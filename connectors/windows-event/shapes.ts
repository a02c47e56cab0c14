/**
 * The shapes in which agents hand over a Windows event, each read into the same parts. Knows where an agent puts things, not
 * what they mean. Namespace declarations and a second copy of the whole event as XML are markup, not values: they are left out.
 */
import { RecordError } from '../../src/connector.ts';
import type { Scalar } from '../../src/model/event.ts';
import { fieldName, leaves } from './draft.ts';
import { isObject, type Json, type JsonObject, own } from './json.ts';
import {
  beatNames,
  ecsGroups,
  ecsNames,
  ecsReads,
  evtxNames,
  hasUtcTime,
  oldBeatNames,
  type Read,
  systemNames,
  systemReads,
} from './names.ts';

type Value = Scalar | readonly Scalar[];

/** A value, the field it belongs to, and the one it goes to when another value stands there. */
export type Placed = readonly [field: string, value: Value, spare: string];

/** A text that may be the event's time. `zone` undefined: the source's. `spare` is where it stays when another is chosen. */
export interface TimeText {
  readonly value: Value;
  readonly zone?: 'UTC';
  readonly spare: string;
}

export interface Parts {
  /** From the System part; read before the data, because channel and code say what the data are. */
  readonly system: Placed[];
  /** The event's data by the product's names. */
  readonly data: [name: string, value: Value][];
  /** What the agent says besides. */
  readonly others: Placed[];
  /** In order of trust. */
  readonly times: TimeText[];
}

const EVENT_DATA = 'winlog.event_data.';
const SENDER = 'winlog.sender.';
const XML_NAME = 'winlog.user_data.xml_name';

/** Throws RecordError when the document is none of the shapes. */
export function readParts(document: JsonObject): Parts {
  const parts: Parts = { system: [], data: [], others: [], times: [] };
  const event = own(document, 'Event');
  if (isObject(event)) readEvtx(document, event, parts);
  else if (isObject(own(document, 'winlog')) || Object.hasOwn(document, 'winlog.channel')) {
    readBeat(document, parts, beatNames, 'winlog.');
  } else if (Object.hasOwn(document, 'log_name')) readBeat(document, parts, oldBeatNames, '');
  else if (Object.hasOwn(document, 'Channel')) readFlat(document, parts);
  else {
    const keys = Object.keys(document).slice(0, 5);
    throw new RecordError(
      `not a Windows event: expected "Channel", "winlog", "log_name" or "Event", found ${JSON.stringify(keys).slice(0, 200)}`,
    );
  }
  return parts;
}

/** The value as the field wants it; undefined when it does not fit. Only Keywords may be a list among the System's fields. */
function accept(field: string, read: Read | undefined, value: Value): Value | undefined {
  if (read === undefined) return value;
  if (typeof value !== 'object') return read(value);
  if (systemReads.has(field) && field !== 'winlog.keywords') return undefined;
  const items = value.map(read);
  return items.includes(undefined) ? undefined : (items as Scalar[]);
}

function place(into: Placed[], field: string, read: Read | undefined, value: Value, spare: string): void {
  const fitting = accept(field, read, value);
  if (fitting === undefined) into.push([spare, value, spare]);
  else into.push([field, fitting, spare]);
}

/** One object with everything at the top, as NXLog, Fluent Bit and many exports write it. */
function readFlat(document: JsonObject, parts: Parts): void {
  const taken = new Set<string>();
  for (const [field, read, names] of systemNames) {
    let found: Value | undefined;
    for (const name of names) {
      const value = own(document, name);
      if (value === undefined || value === null || isObject(value)) continue;
      leaves(name, value, (_path, leaf) => {
        const fitting = accept(field, read, leaf);
        if (fitting === undefined) return;
        if (found === undefined) parts.system.push([field, fitting, EVENT_DATA + name]);
        // Another name that says the same.
        if (found === undefined || found === fitting) taken.add(name);
        found ??= fitting;
      });
    }
  }
  readFlatProcess(document, parts, taken);
  readFlatTimes(document, parts, taken);
  for (const key of Object.keys(document)) {
    if (taken.has(key)) continue;
    const value = document[key] as Json;
    if (key === 'EventData' || key === 'event_data') readEventData(value, parts);
    else if (key === 'UserData' || key === 'user_data') readUserData(value, parts);
    else if (key === 'tags') leaves(key, value, (path, leaf) => parts.others.push([path, leaf, EVENT_DATA + path]));
    else leaves(fieldName(key), value, (path, leaf) => parts.data.push([path, leaf]));
  }
}

/** "ProcessID" is the logging process beside a "ThreadID", unless ExecutionProcessID says that; alone it is data. */
function readFlatProcess(document: JsonObject, parts: Parts, taken: Set<string>): void {
  const field = 'winlog.process.pid';
  const value = own(document, 'ProcessID');
  if (!taken.has('ThreadID') || parts.system.some(([name]) => name === field)) return;
  if (typeof value !== 'number' && typeof value !== 'string') return;
  const fitting = accept(field, systemReads.get(field), value);
  if (fitting === undefined) return;
  parts.system.push([field, fitting, `${EVENT_DATA}ProcessID`]);
  taken.add('ProcessID');
}

const zoned = /(?:Z|[+-]\d\d:?\d\d)$/;

function readFlatTimes(document: JsonObject, parts: Parts, taken: Set<string>): void {
  const text = (name: string): string | undefined => {
    const value = own(document, name);
    return typeof value === 'string' ? value : undefined;
  };
  const add = (name: string, spare: string, zone?: 'UTC'): void => {
    const value = text(name);
    if (value === undefined || taken.has(name)) return;
    taken.add(name);
    parts.times.push({ value, spare, ...(zone !== undefined && { zone }) });
  };
  add('SystemTime', `${EVENT_DATA}SystemTime`, 'UTC');
  add('TimeCreated', `${EVENT_DATA}TimeCreated`);
  if (hasUtcTime(text('Channel') ?? '')) add('UtcTime', `${EVENT_DATA}UtcTime`, 'UTC');
  if (zoned.test(text('EventTime') ?? '')) add('EventTime', `${EVENT_DATA}EventTime`);
  add('@timestamp', 'event.created', 'UTC');
  add('EventTime', `${EVENT_DATA}EventTime`);
}

/** Winlogbeat: `prefix` is "winlog." from version 7, and nothing before. */
function readBeat(
  document: JsonObject,
  parts: Parts,
  names: ReadonlyMap<string, string>,
  prefix: '' | 'winlog.',
): void {
  const entries: [path: string, value: Value][] = [];
  leaves('', document, (path, value) => entries.push([path, value]));
  const textAt = (wanted: string): string => String(entries.find(([path]) => path === wanted)?.[1] ?? '');
  const computer = textAt('winlog.computer_name').toLowerCase();
  const sender = textAt('host.name').toLowerCase();
  const task = textAt('winlog.task');
  // A collector writes itself into host.*: its addresses are not those of the computer that logged.
  const isCollector = computer !== '' && computer !== sender && !computer.startsWith(`${sender}.`);
  for (const [path, value] of entries) {
    const spare = SENDER + path;
    const field = names.get(path) ?? path;
    if (path === 'event.original' || path === 'xml') continue;
    if (path === 'event.action' && value === task) continue;
    if (path === '@timestamp' || path === 'winlog.time_created') {
      const time: TimeText = { value, zone: 'UTC', spare };
      if (path === '@timestamp') parts.times.push(time);
      else parts.times.unshift(time);
    } else if (path.startsWith(`${prefix}event_data.`)) parts.data.push([path.slice(prefix.length + 11), value]);
    else if (path === `${prefix}user_data.xml_name`) parts.others.push([XML_NAME, value, spare]);
    else if (path.startsWith(`${prefix}user_data.`)) parts.data.push([path.slice(prefix.length + 10), value]);
    else if (names.has(path) || (prefix !== '' && path.startsWith(prefix) && systemReads.has(path))) {
      place(parts.system, field, systemReads.get(field), value, spare);
    } else if (prefix !== '' && isEcs(path) && !(isCollector && path.startsWith('host.'))) {
      place(path === 'event.code' ? parts.system : parts.others, field, ecsReads.get(field), value, spare);
    } else parts.others.push([spare, value, spare]);
  }
}

function isEcs(path: string): boolean {
  const dot = path.indexOf('.');
  return ecsNames.has(path) || (dot > 0 && ecsGroups.has(path.slice(0, dot)));
}

/** evtx_dump: System, EventData and UserData as their XML has them, attributes under "#attributes" or "<name>_attributes". */
function readEvtx(document: JsonObject, event: JsonObject, parts: Parts): void {
  const system = own(event, 'System');
  if (!isObject(system)) throw new RecordError('not a Windows event: "Event" holds no "System"');
  leaves('', system, (rawPath, value) => {
    const path = rawPath
      .replace('.#attributes.', '.')
      .replace('_attributes.', '.')
      .replace(/\.#text$/, '');
    const spare = EVENT_DATA + (path === 'EventID.Qualifiers' ? 'Qualifiers' : path.replaceAll('.', '_'));
    const field = evtxNames.get(path);
    if (path === 'TimeCreated.SystemTime' || path === 'TimeCreated') parts.times.push({ value, zone: 'UTC', spare });
    else if (field === undefined) parts.data.push([spare.slice(EVENT_DATA.length), value]);
    else place(parts.system, field, systemReads.get(field), value, spare);
  });
  for (const key of Object.keys(event)) {
    const value = event[key] as Json;
    if (key === 'System' || key === '#attributes') continue;
    if (key === 'EventData') readEventData(value, parts);
    else if (key === 'UserData') readUserData(value, parts);
    else if (key === 'RenderingInfo') readRendering(value, parts);
    else leaves(fieldName(key), value, (path, leaf) => addMarkup(path, leaf, parts));
  }
  for (const key of Object.keys(document)) {
    if (key === 'Event' || key === 'Event_attributes') continue;
    leaves(SENDER + fieldName(key), document[key] as Json, (path, leaf) => parts.others.push([path, leaf, path]));
  }
}

function readRendering(value: Json, parts: Parts): void {
  leaves('winlog.rendering_info', value, (path, leaf) => {
    if (path.endsWith('#attributes.xmlns')) return;
    const plain = path.replace('#attributes.', '').replace(/\.#text$/, '');
    parts.others.push([plain === 'winlog.rendering_info.Message' ? 'message' : plain, leaf, plain]);
  });
}

/** EventData: named values, and the unnamed ones of old providers, which stay one list "Data" in their order. */
function readEventData(value: Json, parts: Parts): void {
  const unnamed: Scalar[] = [];
  const gather = (leaf: Value): void => {
    for (const item of typeof leaf === 'object' ? leaf : [leaf]) unnamed.push(item);
  };
  if (!isObject(value)) leaves('', value, (_path, leaf) => gather(leaf));
  else {
    for (const key of Object.keys(value)) {
      const child = value[key] as Json;
      if (key === 'Data') readData(child, parts, gather);
      else if (key === '#text') leaves('', child, (_path, leaf) => gather(leaf));
      else if (key === '#attributes') readAttributes(child, parts);
      else leaves(fieldName(key), child, (path, leaf) => addMarkup(path, leaf, parts));
    }
  }
  if (unnamed.length > 0) parts.data.push(['Data', unnamed.length === 1 ? (unnamed[0] as Scalar) : unnamed]);
}

function readData(value: Json, parts: Parts, gather: (leaf: Value) => void): void {
  for (const item of Array.isArray(value) ? (value as readonly Json[]) : [value]) {
    if (!isObject(item)) {
      leaves('', item, (_path, leaf) => gather(leaf));
      continue;
    }
    const attributes = own(item, '#attributes');
    const name = isObject(attributes) ? own(attributes, 'Name') : undefined;
    for (const key of Object.keys(item)) {
      const child = item[key] as Json;
      if (key === '#text') {
        leaves('', child, (_path, leaf) => {
          if (typeof name === 'string') parts.data.push([fieldName(name), leaf]);
          else gather(leaf);
        });
      } else if (key !== '#attributes')
        leaves(`Data.${fieldName(key)}`, child, (path, leaf) => addMarkup(path, leaf, parts));
    }
    if (!isObject(attributes)) continue;
    for (const key of Object.keys(attributes)) {
      if (key === 'Name' && typeof name === 'string') continue;
      leaves(`Data_${fieldName(key)}`, attributes[key] as Json, (path, leaf) => parts.data.push([path, leaf]));
    }
  }
}

/** The attribute Name of EventData itself names the template; a value of the same name may stand among the data. */
function readAttributes(value: Json, parts: Parts): void {
  leaves('winlog.event_data', value, (path, leaf) => {
    if (path === 'winlog.event_data.Name')
      parts.others.push(['winlog.event_data_name', leaf, 'winlog.event_data_name']);
    else if (!path.startsWith('winlog.event_data.xmlns')) parts.data.push([path.slice(EVENT_DATA.length), leaf]);
  });
}

/** UserData: one element of the provider's own around the values. */
function readUserData(value: Json, parts: Parts): void {
  if (!isObject(value)) {
    leaves('UserData', value, (path, leaf) => parts.data.push([path, leaf]));
    return;
  }
  for (const key of Object.keys(value)) {
    const child = value[key] as Json;
    if (key === '#attributes') continue;
    if (isObject(child)) {
      parts.others.push([XML_NAME, fieldName(key), XML_NAME]);
      leaves('', child, (path, leaf) => addMarkup(path, leaf, parts));
    } else if (key === 'xml_name') leaves('', child, (_path, leaf) => parts.others.push([XML_NAME, leaf, XML_NAME]));
    else leaves(fieldName(key), child, (path, leaf) => parts.data.push([path, leaf]));
  }
}

/** A value below XML names: text is the element's own value, an attribute is told by "_". */
function addMarkup(path: string, value: Value, parts: Parts): void {
  if (!path.includes('#')) {
    parts.data.push([path, value]);
  } else if (!/(?:^|\.)#attributes\.xmlns(?::|$)/.test(path)) {
    parts.data.push([path.replace(/\.?#attributes\./g, '_').replace(/\.#text$/, ''), value]);
  }
}
