/** The file of matches: one JSON line each, in the order given. There whole under its name, or not at all. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Level } from '../model/alert.ts';

export interface FoundMatch {
  /** As the summary names it. */
  readonly file: string;
  /** The record's number in the file, from 0; empty lines do not count. */
  readonly line: number;
  /** The rule's id. */
  readonly rule: string;
  readonly title: string;
  readonly level: Level;
  /** The event's own time, ISO 8601 UTC; null where the record has none. */
  readonly time: string | null;
}

export interface MatchFile {
  /** Where it will be. */
  readonly path: string;
  write(matches: readonly FoundMatch[]): Promise<void>;
  /** Durable, and under its name. */
  finish(): Promise<void>;
  /** Leaves nothing, and an earlier file as it was. After `finish` it changes nothing. */
  close(): Promise<void>;
}

/** Throws where the folder cannot be written to, or where the name is already that of something other than a file. */
export async function openMatchFile(name: string, cwd: string): Promise<MatchFile> {
  const wanted = resolve(cwd, name);
  const path = await realpath(wanted).catch(() => wanted);
  const there = await stat(path).catch(() => undefined);
  // A rename would put a file where a device or a pipe was.
  if (there !== undefined && !there.isFile()) throw new Error(`${name} is no file, so matches cannot be written there`);
  const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const file = await open(fresh, 'wx').catch((error: Error) => {
    throw new Error(`${name} cannot be written: ${error.message}`);
  });
  let isOpen = true;
  return {
    path,
    async write(matches) {
      if (matches.length > 0) await file.write(`${matches.map((match) => JSON.stringify(match)).join('\n')}\n`);
    },
    async finish() {
      await file.sync();
      await file.close();
      isOpen = false;
      await rename(fresh, path).catch(async (error: Error) => {
        await rm(fresh, { force: true });
        throw error;
      });
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await file.close();
      await rm(fresh, { force: true });
    },
  };
}
