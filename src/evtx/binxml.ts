/**
 * Binary XML of one chunk -> nodes: elements, texts, and places for values. Bounded in depth and in the number of nodes that a chunk
 * may hold; a node that cannot be read throws Damage, with the byte. Format: MS-EVEN6 2.2.12, and libyal's notes on EVTX.
 */
import { readText } from './value.ts';

/** What cannot be read; the message says what, and at which byte of its chunk. */
export class Damage extends Error {}

export interface Value {
  readonly type: number;
  readonly from: number;
  readonly size: number;
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly index: number }
  | {
      readonly kind: 'element';
      readonly name: string;
      readonly attributes: readonly { readonly name: string; readonly content: readonly Node[] }[];
      readonly children: readonly Node[];
    }
  | { readonly kind: 'instance'; readonly template: readonly Node[]; readonly values: readonly Value[] };

/** The texts and templates of one chunk. */
export interface BinaryXml {
  /** The fragment in these bytes of the chunk; `isValue` where it is the value of another. */
  parse(from: number, end: number, isValue: boolean): readonly Node[];
}

const MAX_DEPTH = 32;
/** Of one chunk of 64 KiB, all its templates together. Real ones stay below 20,000. */
const MAX_NODES = 200_000;
/** Of the texts in them; templates lie in 64 KiB, and ones that overlap would be read again and again. */
const MAX_CHARACTERS = 4_000_000;
const MAX_VALUES = 4_096;
const MAX_NAME = 1_024;

const MORE = 0x40;
const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Templates and names are kept, so that each is read once. `chunk`: all of it, as offsets count from its first byte. */
export function createBinaryXml(chunk: Buffer): BinaryXml {
  const names = new Map<number, string>();
  const templates = new Map<number, readonly Node[]>();
  let nodes = 0;
  let characters = 0;
  let at = 0;
  let end = 0;
  let depth = 0;

  const damage = (what: string): Damage => new Damage(`${what} (byte ${at} of its chunk)`);
  const skip = (bytes: number): number => {
    const from = at;
    if (from + bytes > end) throw damage('it ends too early');
    at += bytes;
    return from;
  };
  const byte = (): number => chunk[skip(1)] as number;
  const u16 = (): number => chunk.readUInt16LE(skip(2));
  const u32 = (): number => chunk.readUInt32LE(skip(4));
  const made = <T>(node: T): T => {
    if (++nodes > MAX_NODES) throw damage(`the chunk holds more than ${MAX_NODES} parts`);
    return node;
  };
  const text = (): string => {
    const length = 2 * u16();
    characters += length / 2;
    if (characters > MAX_CHARACTERS) throw damage(`the chunk holds more than ${MAX_CHARACTERS} characters`);
    return readText(chunk, skip(length), length);
  };

  /** Whether a name stands there: its length, its characters and its zero lie in the chunk. */
  const isName = (offset: number): boolean => {
    if (offset < 128 || offset + 10 > chunk.length) return false;
    const count = chunk.readUInt16LE(offset + 6);
    const zero = offset + 8 + 2 * count;
    return count > 0 && count <= MAX_NAME && zero + 2 <= chunk.length && chunk.readUInt16LE(zero) === 0;
  };
  const name = (): string => {
    const offset = u32();
    if (!isName(offset)) throw damage('a name is missing');
    // Where a name is used first, it stands in place.
    if (offset === at) skip(10 + 2 * chunk.readUInt16LE(offset + 6));
    let known = names.get(offset);
    if (known === undefined) {
      known = readText(chunk, offset + 8, 2 * chunk.readUInt16LE(offset + 6));
      names.set(offset, known);
    }
    return known;
  };

  /** Texts and places, up to the first other token. */
  const content = (into: Node[]): void => {
    for (;;) {
      const token = (chunk[at] as number) & ~MORE;
      if (at >= end) return;
      if (token === 0x05) {
        skip(1);
        if (byte() !== 0x01) throw damage('a constant that is no text');
        into.push(made({ kind: 'text', text: text() }));
      } else if (token === 0x0d || token === 0x0e) {
        skip(1);
        const index = u16();
        skip(1);
        into.push(made({ kind: 'value', index }));
      } else if (token === 0x07) {
        skip(1);
        into.push(made({ kind: 'text', text: text() }));
      } else if (token === 0x08) {
        skip(1);
        into.push(made({ kind: 'text', text: String.fromCharCode(u16()) }));
      } else if (token === 0x09) {
        skip(1);
        const entity = name();
        into.push(made({ kind: 'text', text: entities.get(entity) ?? `&${entity};` }));
      } else return;
    }
  };

  const element = (hasAttributes: boolean, isValue: boolean): Node => {
    // A dependency identifier stands here, but in fragments that are values it may be left out.
    const after = (bytes: number): boolean => at + bytes + 8 <= end && isName(chunk.readUInt32LE(at + bytes + 4));
    const hasIdentifier = isValue ? !after(0) : after(2) || !after(0);
    skip(hasIdentifier ? 6 : 4);
    const own = name();
    const attributes: { name: string; content: Node[] }[] = [];
    if (hasAttributes) {
      skip(4);
      while (at < end && ((chunk[at] as number) & ~MORE) === 0x06) {
        skip(1);
        const attribute = made({ name: name(), content: [] as Node[] });
        content(attribute.content);
        attributes.push(attribute);
      }
    }
    const children: Node[] = [];
    const closing = byte();
    if (closing === 0x02) {
      series(children, isValue);
      if (byte() !== 0x04) throw damage(`the element ${own} does not end`);
    } else if (closing !== 0x03) throw damage(`the element ${own} does not begin well`);
    return made({ kind: 'element', name: own, attributes, children });
  };

  const instance = (): Node => {
    skip(5);
    const offset = u32();
    if (offset === at) {
      skip(20);
      skip(u32());
    }
    const template = templateAt(offset);
    const count = u32();
    if (count > MAX_VALUES) throw damage(`${count} values`);
    const table = skip(4 * count);
    const values: Value[] = [];
    for (let index = 0; index < count; index++) {
      const size = chunk.readUInt16LE(table + 4 * index);
      values.push(made({ type: chunk[table + 4 * index + 2] as number, size, from: skip(size) }));
    }
    return made({ kind: 'instance', template, values });
  };

  const templateAt = (offset: number): readonly Node[] => {
    const known = templates.get(offset);
    if (known !== undefined) return known;
    if (offset < 128 || offset + 24 > chunk.length) throw damage('its template is missing');
    const size = chunk.readUInt32LE(offset + 20);
    if (offset + 24 + size > chunk.length) throw damage('its template is cut off');
    const template = within(offset + 24, offset + 24 + size, false);
    templates.set(offset, template);
    return template;
  };

  /** Nodes up to the end, or to a token that ends what they are in. */
  const series = (into: Node[], isValue: boolean): void => {
    if (++depth > MAX_DEPTH) throw damage(`more than ${MAX_DEPTH} elements inside each other`);
    while (at < end) {
      content(into);
      if (at >= end) break;
      const token = chunk[at] as number;
      if (token === 0x01 || token === 0x41) {
        skip(1);
        into.push(element(token === 0x41, isValue));
      } else if (token === 0x0c) {
        skip(1);
        into.push(instance());
      } else if (token === 0x0f) skip(4);
      else if (token === 0x0a) {
        // An instruction to the reader of the XML (target, data): no value of the event.
        skip(1);
        name();
        if (byte() !== 0x0b) throw damage('an instruction without its data');
        skip(2 * u16());
      } else break;
    }
    depth--;
  };

  const within = (from: number, to: number, isValue: boolean): readonly Node[] => {
    const [outerAt, outerEnd] = [at, end];
    at = from;
    end = to;
    const found: Node[] = [];
    series(found, isValue);
    if (at < end && chunk[at] !== 0x00) throw damage(`an unknown part (0x${(chunk[at] as number).toString(16)})`);
    at = outerAt;
    end = outerEnd;
    return found;
  };

  return {
    parse(from, to, isValue) {
      depth = 0;
      return within(from, to, isValue);
    },
  };
}
