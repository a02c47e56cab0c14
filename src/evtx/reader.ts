/**
 * A stream of the bytes of an EVTX file (a Windows event log) -> its records, as JSON in the shape of evtx_dump, in the order in which
 * they lie in the file. What is damaged is told and passed over. Holds one chunk of 64 KiB; never throws for what the bytes say.
 */
import { CHUNK_BYTES, readChunk } from './chunk.ts';

/** A record's JSON, or why it cannot be read: it keeps its number in the file. */
export type EvtxRecord = { readonly json: string } | { readonly damage: string };

export interface EvtxLot {
  readonly records: readonly EvtxRecord[];
  /** Parts of the file that hold no record that could be read, as words. */
  readonly problems: readonly string[];
}

export interface EvtxReader {
  push(bytes: Uint8Array): EvtxLot;
  end(): EvtxLot;
}

const MAGIC = Buffer.from('ElfFile\0', 'latin1');
export const EVTX_HEADER_BYTES = 4_096;
export const EVTX_CHUNK_BYTES = CHUNK_BYTES;

/** Whether the bytes begin as an EVTX file does. */
export const isEvtx = (head: Uint8Array): boolean =>
  Buffer.from(head.buffer, head.byteOffset, Math.min(MAGIC.length, head.byteLength)).equals(MAGIC);

/** `from`: where in the file the bytes that are pushed begin: its beginning, or that of a chunk. */
export function createEvtxReader(from = 0): EvtxReader {
  /** The beginning of a chunk whose rest has not come yet. */
  const held = Buffer.alloc(CHUNK_BYTES);
  let filled = 0;
  let offset = from;

  const chunkAt = (chunk: Buffer, records: EvtxRecord[], problems: string[]): void => {
    const found = readChunk(chunk);
    if (found !== undefined) {
      for (const one of found) records.push('damage' in one ? one : { json: JSON.stringify(one.document) });
    } else if (chunk.some((byte) => byte !== 0)) {
      problems.push(`the chunk at byte ${offset} is damaged, and passed over`);
    }
    if (found !== undefined && chunk.length < CHUNK_BYTES) {
      problems.push(`the file ends within the chunk at byte ${offset}; is it whole?`);
    }
    offset += chunk.length;
  };

  return {
    push(bytes) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const records: EvtxRecord[] = [];
      const problems: string[] = [];
      let at = 0;
      if (offset < EVTX_HEADER_BYTES) {
        at = Math.min(view.length, EVTX_HEADER_BYTES - offset);
        offset += at;
      }
      while (at < view.length) {
        if (filled === 0 && at + CHUNK_BYTES <= view.length) {
          chunkAt(view.subarray(at, at + CHUNK_BYTES), records, problems);
          at += CHUNK_BYTES;
          continue;
        }
        const copied = view.copy(held, filled, at);
        filled += copied;
        at += copied;
        if (filled < CHUNK_BYTES) break;
        filled = 0;
        chunkAt(held, records, problems);
      }
      return { records, problems };
    },
    end() {
      const records: EvtxRecord[] = [];
      const problems: string[] = [];
      if (offset < EVTX_HEADER_BYTES) problems.push('the file ends within its header; is it whole?');
      else if (filled > 0) chunkAt(held.subarray(0, filled), records, problems);
      filled = 0;
      return { records, problems };
    },
  };
}
