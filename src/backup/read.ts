/**
 * A backup's file -> its pieces. Whether it is whole and undamaged is found out first, by reading it once to its end: a center is not
 * filled from a file that breaks off in the middle, unless its operator says so.
 */
import { createHash } from 'node:crypto';
import { openFile } from '../input.ts';
import {
  BACKUP_FORMAT,
  type BackupCounts,
  type BackupHead,
  type BackupPiece,
  BadBackup,
  backupEnd,
  backupHead,
  createPieceParser,
} from './format.ts';

export interface Checked {
  readonly path: string;
  readonly head: BackupHead;
  /** Of a file that is taken as far as it goes they are not known. */
  readonly counts: BackupCounts | undefined;
  /** On disk. */
  readonly bytes: number;
}

/** A line is at most one document or one event; what is longer is no backup. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;

interface Line {
  readonly bytes: Buffer;
  /** Whether a line end followed. */
  readonly ended: boolean;
}

async function* linesOf(path: string, onRead: (bytes: number) => void): AsyncGenerator<Line> {
  const input = await openFile(path, onRead);
  try {
    let parts: Buffer[] = [];
    let length = 0;
    for (let next = await input.chunks.next(); next.done !== true; next = await input.chunks.next()) {
      const chunk = next.value;
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        parts.push(chunk.subarray(from, at));
        yield { bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), ended: true };
        parts = [];
        length = 0;
        from = at + 1;
      }
      if (from === chunk.length) continue;
      parts.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > MOST_LINE_BYTES) throw new BadBackup(`${path}: a line of more than ${MOST_LINE_BYTES} bytes`);
    }
    if (length > 0) yield { bytes: Buffer.concat(parts), ended: false };
  } finally {
    await input.close();
  }
}

/** Throws BadBackup for any file that is none of ours, or newer than this program. */
function parseHead(path: string, line: Buffer | undefined): BackupHead {
  let value: unknown;
  try {
    value = JSON.parse((line ?? '').toString());
  } catch {}
  const found = value as { hinomi?: unknown; format?: unknown } | undefined;
  if (found?.hinomi !== 'backup') throw new BadBackup(`${path} is no backup of Hinomi`);
  if (typeof found.format === 'number' && found.format > BACKUP_FORMAT) {
    throw new BadBackup(
      `${path} was made by a newer Hinomi (format ${found.format}, this one knows ${BACKUP_FORMAT}); upgrade this one`,
    );
  }
  const head = backupHead.safeParse(value);
  if (!head.success)
    throw new BadBackup(`${path}: its first line cannot be understood: ${head.error.issues[0]?.message}`);
  return head.data;
}

const cutShort = (path: string): string =>
  `${path} ends too early: it was cut short when it was made or copied. Take another backup, or take what is there with --partial`;

/** Reads all of it. Throws BadBackup when it is damaged or cut short; with `partial` only when it has no head. */
export async function checkBackup(path: string, partial: boolean, onRead: (bytes: number) => void): Promise<Checked> {
  let head: BackupHead | undefined;
  let bytes = 0;
  const hash = createHash('sha256');
  let lines = 0;
  let end: ReturnType<typeof parseEnd>;
  const count = (read: number): void => {
    bytes += read;
    onRead(read);
  };
  try {
    for await (const line of linesOf(path, count)) {
      if (head === undefined) {
        head = parseHead(path, line.bytes);
        if (partial) break;
      }
      // Nothing comes behind the end; what looks like one before is a line like any other.
      if (end !== undefined) takeLine(hash, end.bytes);
      end = line.ended ? parseEnd(line.bytes) : undefined;
      if (end === undefined) takeLine(hash, line.bytes);
      lines++;
    }
  } catch (error) {
    if (error instanceof BadBackup || isMissing(error)) throw error;
    throw new BadBackup(isCutShort(error) ? cutShort(path) : `${path} is damaged: ${(error as Error).message}`);
  }
  if (head === undefined) throw new BadBackup(`${path} is empty; it is no backup`);
  if (partial) return { path, head, counts: undefined, bytes };
  if (end === undefined) throw new BadBackup(cutShort(path));
  if (end.lines !== lines - 1 || end.sha256 !== hash.digest('hex')) {
    throw new BadBackup(`${path} is damaged: its checksum is not that of what it holds. Take another backup`);
  }
  return { path, head, counts: end.counts, bytes };
}

function takeLine(hash: ReturnType<typeof createHash>, line: Buffer): void {
  hash.update(line);
  hash.update('\n');
}

function parseEnd(bytes: Buffer) {
  if (bytes.length > 10_000 || !bytes.includes('"kind":"end"')) return undefined;
  try {
    const end = backupEnd.safeParse(JSON.parse(bytes.toString()));
    return end.success ? { ...end.data, bytes } : undefined;
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');
const isMissing = (error: unknown): boolean => /^(ENOENT|EACCES|EISDIR|EPERM)$/.test(codeOf(error));
const isCutShort = (error: unknown): boolean =>
  codeOf(error) === 'Z_BUF_ERROR' || /unexpected end/i.test((error as Error).message);

/** With `partial` it ends where the file does; a piece that is not whole is left out. */
export async function* readBackup(
  path: string,
  partial: boolean,
  onRead: (bytes: number) => void,
): AsyncGenerator<BackupPiece> {
  const parser = createPieceParser();
  let first = true;
  try {
    for await (const { bytes, ended } of linesOf(path, onRead)) {
      if (first) parseHead(path, bytes);
      else if (!ended) break;
      else if (parser.open() || parseEnd(bytes) === undefined) {
        const piece = parser.take(bytes.toString());
        if (piece !== undefined) yield piece;
      }
      first = false;
    }
  } catch (error) {
    if (!partial || isMissing(error)) throw error;
  }
}
