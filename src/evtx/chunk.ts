/**
 * One chunk of an EVTX file -> its records as documents, in their order. A record that cannot be read keeps its place, with the reason;
 * behind a torn one the next is looked for. Check sums are not asked: a log copied from a running machine has none that fit.
 */
import { createBinaryXml, Damage } from './binxml.ts';
import { createAllowance, type Json, renderRecord } from './render.ts';

export const CHUNK_BYTES = 65_536;

/** A document, or why there is none. */
export type ChunkRecord = { readonly document: { [name: string]: Json } } | { readonly damage: string };

const MAGIC = Buffer.from('ElfChnk\0', 'latin1');
const RECORD = Buffer.from([0x2a, 0x2a, 0, 0]);
const FIRST_RECORD = 512;
const HEAD_BYTES = 24;
const FREE_SPACE = 48;

/** `chunk`: its 64 KiB, or what is left of them. undefined where no chunk begins here. */
export function readChunk(chunk: Buffer): readonly ChunkRecord[] | undefined {
  if (chunk.length < FIRST_RECORD || !chunk.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const binaryXml = createBinaryXml(chunk);
  const allowance = createAllowance();
  const free = chunk.readUInt32LE(FREE_SPACE);
  const end = free >= FIRST_RECORD && free <= CHUNK_BYTES ? free : CHUNK_BYTES;
  const records: ChunkRecord[] = [];
  let lastId: bigint | undefined;
  for (let at = FIRST_RECORD; at + HEAD_BYTES < chunk.length; ) {
    const size = sizeAt(chunk, at);
    if (at >= end) {
      // The header of a chunk that is still written to is behind: what follows without a gap belongs to it, older remains do not.
      if (size === undefined || lastId === undefined || chunk.readBigUInt64LE(at + 8) !== lastId + 1n) break;
    }
    if (size === undefined) {
      const next = nextRecord(chunk, at + 1, end);
      if (next === undefined && isEmpty(chunk, at, end)) break;
      records.push({ damage: `the record at byte ${at} of its chunk is torn` });
      if (next === undefined) break;
      at = next;
      continue;
    }
    lastId = chunk.readBigUInt64LE(at + 8);
    records.push(readRecord(at + HEAD_BYTES, at + size - 4));
    at += size;
  }
  return records;

  function readRecord(from: number, to: number): ChunkRecord {
    try {
      const nodes = binaryXml.parse(from, to, false);
      if (nodes.length === 0) return { damage: 'the record holds no event' };
      return { document: renderRecord(nodes, chunk, binaryXml, allowance) };
    } catch (error) {
      if (error instanceof Damage) return { damage: error.message };
      throw error;
    }
  }
}

/** Of the record there; it stands at its beginning and at its end. undefined where none is whole. */
function sizeAt(chunk: Buffer, at: number): number | undefined {
  if (at + HEAD_BYTES > chunk.length || chunk.readUInt32LE(at) !== 0x2a2a) return undefined;
  const size = chunk.readUInt32LE(at + 4);
  if (size < HEAD_BYTES + 4 || at + size > chunk.length) return undefined;
  return chunk.readUInt32LE(at + size - 4) === size ? size : undefined;
}

function nextRecord(chunk: Buffer, from: number, end: number): number | undefined {
  for (let at = chunk.indexOf(RECORD, from); at >= 0 && at < end; at = chunk.indexOf(RECORD, at + 1)) {
    if (sizeAt(chunk, at) !== undefined) return at;
  }
  return undefined;
}

function isEmpty(chunk: Buffer, from: number, end: number): boolean {
  for (let at = from; at < Math.min(end, chunk.length); at++) if (chunk[at] !== 0) return false;
  return true;
}
