/** Blocks of events, opened: unpacked, cut into lines, and the last ones used kept in memory up to a bound. */
import { zstdDecompressSync } from 'node:zlib';
import type { SqliteFile } from './file.ts';

export interface Block {
  /** Event times in milliseconds, and the events as JSON, at the same places. */
  readonly times: readonly number[];
  readonly lines: readonly string[];
}

export interface Blocks {
  open(file: SqliteFile, day: string, id: number): Block;
  drop(day: string): void;
}

export function unpackBlock(body: Uint8Array): Block {
  const [times, ...lines] = zstdDecompressSync(body).toString().split('\n');
  return { times: JSON.parse(times as string) as number[], lines };
}

interface Kept {
  readonly day: string;
  readonly bytes: number;
  readonly block: Block;
}

/** `maxBytes` of unpacked text at most, what was used last; the block being read comes on top. */
export function createBlocks(maxBytes: number): Blocks {
  const kept = new Map<string, Kept>();
  let total = 0;
  const forget = (key: string, entry: Kept): void => {
    kept.delete(key);
    total -= entry.bytes;
  };
  return {
    open(file, day, id) {
      const key = `${day} ${id}`;
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known.block;
      }
      const { body } = file.sql('SELECT body FROM bodies WHERE id = ?').get(id) as { body: Uint8Array };
      const block = unpackBlock(body);
      // Two bytes a character, as in any text that is not all Latin.
      const bytes = block.lines.reduce((sum, line) => sum + line.length * 2, 0);
      kept.set(key, { day, bytes, block });
      total += bytes;
      for (const [oldest, entry] of kept) {
        if (total <= maxBytes || kept.size === 1) break;
        forget(oldest, entry);
      }
      return block;
    },
    drop(day) {
      for (const [key, entry] of kept) if (entry.day === day) forget(key, entry);
    },
  };
}
