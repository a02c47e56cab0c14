/** Typed values of binary XML -> JSON scalars, as Windows shows them. Reads only inside the span it is given; never throws. */

export type Scalar = string | number | boolean;

export const NULL = 0x00;
const STRING = 0x01;
const GUID = 0x0f;
const SID = 0x13;
export const BINARY_XML = 0x21;
const ARRAY = 0x80;

/** Of the types whose values have one width. */
const widths: Readonly<Record<number, number>> = {
  3: 1, 4: 1, 5: 2, 6: 2, 7: 4, 8: 4, 9: 8, 10: 8, 11: 4, 12: 8, 13: 4, 15: 16, 17: 8, 18: 16, 20: 4, 21: 8,
}; // biome-ignore format: a table

/** null where there is nothing. An array of values becomes a list; a value of a width that its type does not have, its bytes in hex. */
export function readValue(bytes: Buffer, from: number, size: number, type: number): Scalar | null | readonly Scalar[] {
  if (type === NULL || (size === 0 && type !== STRING)) return null;
  if (type < ARRAY) return readScalar(bytes, from, size, type);
  const item = type - ARRAY;
  if (item === STRING) return readText(bytes, from, size).split('\0');
  const width = widths[item];
  if (width === undefined || size % width !== 0) return hexOf(bytes, from, size);
  return Array.from({ length: size / width }, (_, index) => readScalar(bytes, from + index * width, width, item));
}

function readScalar(bytes: Buffer, from: number, size: number, type: number): Scalar {
  if (type === STRING) return readText(bytes, from, size);
  const width = widths[type];
  if (width !== undefined && width !== size) return hexOf(bytes, from, size);
  switch (type) {
    case 0x02:
      return bytes.toString('latin1', from, from + size).replace(/\0+$/, '');
    case 0x03:
      return bytes.readInt8(from);
    case 0x04:
      return bytes.readUInt8(from);
    case 0x05:
      return bytes.readInt16LE(from);
    case 0x06:
      return bytes.readUInt16LE(from);
    case 0x07:
      return bytes.readInt32LE(from);
    case 0x08:
      return bytes.readUInt32LE(from);
    case 0x09:
      return exact(bytes.readBigInt64LE(from));
    case 0x0a:
      return exact(bytes.readBigUInt64LE(from));
    case 0x0b:
      return finite(bytes.readFloatLE(from));
    case 0x0c:
      return finite(bytes.readDoubleLE(from));
    case 0x0d:
      return bytes.readUInt32LE(from) !== 0;
    case GUID:
      return readGuid(bytes, from);
    case 0x10:
      return size === 4 || size === 8 ? hexNumber(bytes, from, size) : hexOf(bytes, from, size);
    case 0x11:
      return fileTimeText(bytes.readBigUInt64LE(from));
    case 0x12:
      return readSystemTime(bytes, from);
    case SID:
      return readSid(bytes, from, size);
    case 0x14:
    case 0x15:
      return hexNumber(bytes, from, size);
    default:
      return hexOf(bytes, from, size);
  }
}

/** UTF-16LE; zeros that end it are no part of it. */
export function readText(bytes: Buffer, from: number, size: number): string {
  let end = from + size - (size % 2);
  while (end > from && bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 2;
  return bytes.toString('utf16le', from, end);
}

/** Ticks of 100 ns since 1601 -> ISO 8601 in UTC, with all its digits. */
export function fileTimeText(ticks: bigint): string {
  const seconds = ticks / 10_000_000n;
  const text = new Date((Number(seconds) - 11_644_473_600) * 1000).toISOString();
  return `${text.slice(0, -5)}.${String(ticks % 10_000_000n).padStart(7, '0')}Z`;
}

function readSystemTime(bytes: Buffer, from: number): string {
  const part = (index: number): number => bytes.readUInt16LE(from + 2 * index);
  const two = (index: number): string => String(part(index)).padStart(2, '0');
  const milliseconds = String(part(7)).padStart(3, '0');
  return `${String(part(0)).padStart(4, '0')}-${two(1)}-${two(3)}T${two(4)}:${two(5)}:${two(6)}.${milliseconds}Z`;
}

function readGuid(bytes: Buffer, from: number): string {
  const hex = (at: number, size: number): string => bytes.toString('hex', from + at, from + at + size);
  const number = (at: number, size: number): string =>
    bytes
      .readUIntLE(from + at, size)
      .toString(16)
      .padStart(2 * size, '0');
  return `{${number(0, 4)}-${number(4, 2)}-${number(6, 2)}-${hex(8, 2)}-${hex(10, 6)}}`.toUpperCase();
}

function readSid(bytes: Buffer, from: number, size: number): string {
  const count = bytes[from + 1] as number;
  if (size !== 8 + 4 * count) return hexOf(bytes, from, size);
  let text = `S-${bytes[from]}-${bytes.readUIntBE(from + 2, 6)}`;
  for (let index = 0; index < count; index++) text += `-${bytes.readUInt32LE(from + 8 + 4 * index)}`;
  return text;
}

const hexOf = (bytes: Buffer, from: number, size: number): string =>
  bytes.toString('hex', from, from + size).toUpperCase();
const hexNumber = (bytes: Buffer, from: number, size: number): string =>
  `0x${(size === 8 ? bytes.readBigUInt64LE(from) : bytes.readUInt32LE(from)).toString(16)}`;
const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
/** Digits that a double cannot hold stay text. */
const exact = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
