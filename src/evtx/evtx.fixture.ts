/** EVTX files for tests: one template with a value of each kind, as many records as wanted, chunks as needed. */

const EVENT_TIME = 132_524_262_000_000_000n;
const CHUNK = 65_536;

interface Writer {
  readonly bytes: Buffer;
  at: number;
}

/** Type and bytes of a value; bytes that hold offsets are made for the place where they will stand in the chunk. */
export type Typed = readonly [type: number, bytes: Buffer | ((at: number) => Buffer)];

export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
export const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
export const long = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const wide = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** A Sysmon process creation; `data` are its named values, any types. */
export interface FakeRecord {
  readonly command: string;
  readonly data?: readonly (readonly [name: string, value: Typed])[];
}

const push = (writer: Writer, ...parts: (number | Buffer)[]): void => {
  for (const part of parts) {
    if (typeof part === 'number') writer.bytes[writer.at++] = part;
    else writer.at += part.copy(writer.bytes, writer.at);
  }
};

/** A name where it stands: its offset points behind itself. */
function name(writer: Writer, text: string): void {
  push(writer, long(writer.at + 4), long(0), word(0), word(text.length), utf16(text), word(0));
}

type Content = string | number;
type Attributes = readonly (readonly [string, Content])[];

/** A constant, or the number of a value. */
function content(writer: Writer, value: Content): void {
  if (typeof value === 'number') push(writer, 0x0e, word(value), 0x01);
  else push(writer, 0x05, 0x01, word(value.length), utf16(value));
}

function element(
  writer: Writer,
  tag: string,
  attributes: Attributes,
  inner: readonly (Content | (() => void))[],
): void {
  push(writer, attributes.length > 0 ? 0x41 : 0x01, word(0xffff), long(0));
  name(writer, tag);
  if (attributes.length > 0) push(writer, long(0));
  for (const [key, value] of attributes) {
    push(writer, 0x06);
    name(writer, key);
    content(writer, value);
  }
  if (inner.length === 0) {
    push(writer, 0x03);
    return;
  }
  push(writer, 0x02);
  for (const part of inner) {
    if (typeof part === 'function') part();
    else content(writer, part);
  }
  push(writer, 0x04);
}

function instance(writer: Writer, { command, data = [] }: FakeRecord, index: number): void {
  push(writer, 0x0f, 1, 1, 0, 0x0c, 0x01, long(7), long(writer.at + 14));
  const size = writer.at + 20;
  push(writer, long(0), Buffer.alloc(16), long(0), 0x0f, 1, 1, 0);
  const from = writer.at - 4;
  const system = (): void =>
    element(writer, 'System', [], [
      () => element(writer, 'Provider', [['Name', 'Microsoft-Windows-Sysmon']], []),
      () => element(writer, 'EventID', [['Qualifiers', 3]], [0]),
      () => element(writer, 'TimeCreated', [['SystemTime', 1]], []),
      () => element(writer, 'EventRecordID', [], [2]),
      () => element(writer, 'Channel', [], ['Microsoft-Windows-Sysmon/Operational']),
      () => element(writer, 'Computer', [], ['ws1.example.com']),
    ]); // biome-ignore format: as XML
  const all: (readonly [string, Typed])[] = [['CommandLine', [1, utf16(command)]], ...data];
  const eventData = (): void =>
    element(writer, 'EventData', [], all.map(([key], number) => () => element(writer, 'Data', [['Name', key]], [number + 4]))); // biome-ignore format: as XML
  element(writer, 'Event', [['xmlns', 'urn:x']], [system, eventData]);
  push(writer, 0x00);
  writer.bytes.writeUInt32LE(writer.at - from, size);
  const values: Typed[] = [
    [0x06, word(1)],
    [0x11, wide(EVENT_TIME)],
    [0x0a, wide(BigInt(index))],
    [0x00, Buffer.alloc(0)],
    ...all.map(([, value]) => value),
  ];
  const sizeOf = ([, bytes]: Typed): number => (typeof bytes === 'function' ? bytes(0) : bytes).length;
  push(writer, long(values.length));
  for (const value of values) push(writer, word(sizeOf(value)), value[0], 0);
  for (const [, bytes] of values) push(writer, typeof bytes === 'function' ? bytes(writer.at) : bytes);
}

/** A fragment of binary XML as a value: an element with a text, with or without the identifier that may be left out there. */
export const fragment =
  (tag: string, text: string, hasIdentifier: boolean) =>
  (at: number): Buffer => {
    const bytes = Buffer.alloc(at + 1000);
    const writer: Writer = { bytes, at };
    push(writer, 0x0f, 1, 1, 0, 0x01);
    if (hasIdentifier) push(writer, word(0xffff));
    push(writer, long(0));
    name(writer, tag);
    push(writer, 0x02);
    content(writer, text);
    push(writer, 0x04, 0x00);
    return bytes.subarray(at, writer.at);
  };

/** `perChunk` records in each chunk, every record with a template of its own. */
export function fakeEvtx(records: readonly FakeRecord[], perChunk = 8): Buffer {
  const header = Buffer.alloc(4096);
  header.write('ElfFile\0', 'latin1');
  const chunks: Buffer[] = [];
  for (let first = 0; first < records.length; first += perChunk) {
    const writer: Writer = { bytes: Buffer.alloc(CHUNK), at: 512 };
    writer.bytes.write('ElfChnk\0', 'latin1');
    records.slice(first, first + perChunk).forEach((record, index) => {
      const from = writer.at;
      push(writer, long(0x2a2a), long(0), wide(BigInt(first + index + 1)), wide(EVENT_TIME));
      instance(writer, record, first + index + 1);
      push(writer, 0x00);
      const size = writer.at - from + 4;
      writer.bytes.writeUInt32LE(size, from + 4);
      push(writer, long(size));
    });
    writer.bytes.writeUInt32LE(writer.at, 48);
    chunks.push(writer.bytes);
  }
  return Buffer.concat([header, ...chunks]);
}
