/**
 * Pieces -> a backup's file: streamed, under a name of its own until it is whole and on disk, readable by its owner only (it holds
 * hashes of passwords and keys). Overwrites nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { constants, createZstdCompress } from 'node:zlib';
import { type BackupCounts, type BackupHead, type BackupPiece, countPiece, formatPiece } from './format.ts';

export interface Written {
  readonly counts: BackupCounts;
  /** Of the file. */
  readonly bytes: number;
}

const CHUNK_CHARS = 256 * 1024;
const ZSTD_LEVEL = 3;

/** `onPiece` is told of each after it was taken, with the bytes it was unpacked. Throws when the file is there. */
export async function writeBackup(
  path: string,
  head: BackupHead,
  pieces: AsyncIterable<BackupPiece>,
  onPiece: (piece: BackupPiece, bytes: number) => void,
): Promise<Written> {
  if (existsSync(path)) throw new Error(`${path} is there already; name another file, or remove it first`);
  const temporary = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    const packer = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    const done = (async () => {
      // From where the one before ended: all of it, or it throws.
      for await (const chunk of packer) await file.writeFile(chunk);
    })();
    // A disk that is full ends the wait of whoever packs.
    done.catch((error: Error) => packer.destroy(error));
    const counts = await writeLines(packer, done, head, pieces, onPiece);
    await file.sync();
    const { size } = await file.stat();
    await file.close();
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return { counts, bytes: size };
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeLines(
  packer: NodeJS.WritableStream,
  done: Promise<unknown>,
  head: BackupHead,
  pieces: AsyncIterable<BackupPiece>,
  onPiece: (piece: BackupPiece, bytes: number) => void,
): Promise<BackupCounts> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let lines = 0;
  let waiting = '';
  const flush = async (): Promise<void> => {
    const chunk = Buffer.from(waiting);
    waiting = '';
    hash.update(chunk);
    if (!packer.write(chunk)) await Promise.race([once(packer, 'drain'), done]);
  };
  const put = (line: string): void => {
    waiting += `${line}\n`;
    lines++;
  };
  put(JSON.stringify(head));
  for await (const piece of pieces) {
    let bytes = 0;
    for (const line of formatPiece(piece)) {
      put(line);
      bytes += line.length;
      if (waiting.length >= CHUNK_CHARS) await flush();
    }
    countPiece(counts, piece);
    onPiece(piece, bytes);
  }
  await flush();
  packer.write(`${JSON.stringify({ kind: 'end', counts, lines, sha256: hash.digest('hex') })}\n`);
  packer.end();
  await done;
  return counts;
}

/** So that the new name survives a power cut too; where folders cannot be opened (Windows) there is no such promise. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
