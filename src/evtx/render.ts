/**
 * Nodes and values of a record -> a document: `{"Event":{"System":{…},"EventData":{…}}}`, attributes under "#attributes", text under
 * "#text" where it does not stand alone, named data by their names, what comes repeatedly as a list. Bounded in parts and in text.
 */
import { type BinaryXml, Damage, type Node, type Value } from './binxml.ts';
import { BINARY_XML, readValue, type Scalar } from './value.ts';

export type Json = null | Scalar | readonly Scalar[] | Json[] | { [name: string]: Json };

/** What is left of a chunk's allowance: a template of a few bytes may repeat a value without end. */
export interface Allowance {
  parts: number;
  characters: number;
}

const MAX_DEPTH = 32;

export const createAllowance = (): Allowance => ({ parts: 400_000, characters: 8_000_000 });

type JsonObject = { [name: string]: Json };
type ElementNode = Extract<Node, { kind: 'element' }>;

/** Throws Damage. */
export function renderRecord(
  nodes: readonly Node[],
  chunk: Buffer,
  binaryXml: BinaryXml,
  allowance: Allowance,
): JsonObject {
  let depth = 0;

  const spend = (parts: number, characters: number): void => {
    allowance.parts -= parts;
    allowance.characters -= characters;
    if (allowance.parts < 0 || allowance.characters < 0) throw new Damage('the records of its chunk unfold too far');
  };

  const readOf = (value: Value | undefined): Scalar | null | readonly Scalar[] => {
    if (value === undefined) return null;
    spend(1, value.size);
    return readValue(chunk, value.from, value.size, value.type);
  };

  /** Children into `into`; the answer is the text among them, a lone value with its type. */
  const fill = (into: JsonObject, children: readonly Node[], values: readonly Value[]): Json => {
    if (++depth > MAX_DEPTH) throw new Damage(`more than ${MAX_DEPTH} elements inside each other`);
    let found: Json = null;
    const add = (more: Json): void => {
      if (more === null) return;
      found = found === null ? more : `${textOf(found)}${textOf(more)}`;
      if (typeof found === 'string') spend(0, found.length);
    };
    for (const child of children) {
      spend(1, 0);
      if (child.kind === 'text') add(child.text);
      else if (child.kind === 'element') {
        spend(0, child.name.length);
        addElement(into, child, values);
      } else if (child.kind === 'instance') add(fill(into, child.template, child.values));
      else {
        const value = values[child.index];
        if (value?.type !== BINARY_XML) add(readOf(value));
        else if (value.size > 0) add(fill(into, binaryXml.parse(value.from, value.from + value.size, true), []));
      }
    }
    depth--;
    return found;
  };

  const addElement = (
    into: JsonObject,
    { name, attributes, children }: ElementNode,
    values: readonly Value[],
  ): void => {
    const inner = emptyObject();
    const text = fill(inner, children, values);
    const own = emptyObject();
    for (const attribute of attributes) {
      const value = fill(emptyObject(), attribute.content, values);
      // An attribute without a value is left out, as Windows does.
      if (value !== null) own[attribute.name] = value;
    }
    const isLeaf = isEmpty(inner);
    const isData = name === 'Data' && isLeaf;
    const dataName = isData ? own.Name : undefined;
    if (typeof dataName === 'string' && dataName !== '' && dataName !== 'Data' && Object.keys(own).length === 1) {
      // Data without a value are there, and empty: Windows shows them so.
      append(into, dataName, text ?? '');
      return;
    }
    if (isEmpty(own) && isLeaf) {
      append(into, name, isData ? (text ?? '') : text);
      return;
    }
    const whole = emptyObject();
    if (!isEmpty(own)) whole['#attributes'] = own;
    // Between elements, blanks only indent.
    if (text !== null && (isLeaf || String(text).trim() !== '')) whole['#text'] = text;
    append(into, name, Object.assign(whole, inner));
  };

  const document = emptyObject();
  fill(document, nodes, []);
  return document;
}

// Names come from the log: "__proto__" is one like any other.
const emptyObject = (): JsonObject => Object.create(null) as JsonObject;

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

function textOf(value: Json): string {
  return Array.isArray(value) ? value.join(' ') : String(value);
}

function append(into: JsonObject, name: string, value: Json): void {
  const there = into[name];
  if (there === undefined) into[name] = value;
  // The list is ours: values are read anew for each record.
  else if (Array.isArray(there)) (there as Json[]).push(value);
  else into[name] = [there, value] as Json;
}
