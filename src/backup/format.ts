/**
 * What a backup holds, line by line: one zstd stream (or unpacked, or gzip) of JSON lines. First the head, then pieces, last the end.
 * A piece is a line that says how many lines of its own follow: documents, events, rejects, matches, files of rules. So every event
 * is a line of its own, for other tools too. Reads and writes no file.
 */
import { z } from 'zod';
import type { CopyPiece } from '../store/copy.ts';

/** Raised with every change that this program's readers would not understand. */
export const BACKUP_FORMAT = 1;

export const backupHead = z.object({
  hinomi: z.literal('backup'),
  format: z.int(),
  /** Of this backup. */
  id: z.string(),
  /** Of the store it was made of. */
  store: z.string(),
  /** Of the program. */
  version: z.string(),
  engine: z.enum(['sqlite', 'elasticsearch']),
  at: z.iso.datetime(),
  /** ISO date: batches received before are told as sums only; null: all are there. */
  since: z.string().nullable(),
  events: z.enum(['all', 'none']),
});
export type BackupHead = z.infer<typeof backupHead>;

/** How much of each kind: documents by kind, "event", "reject", "batch", "match", "mark". */
export type BackupCounts = Readonly<Record<string, number>>;

export const backupEnd = z.object({
  kind: z.literal('end'),
  counts: z.record(z.string(), z.int()),
  /** Lines before this one, and SHA-256 of their bytes, line ends included. */
  lines: z.int(),
  sha256: z.string(),
});

/** A version of a rule pack that was in force: files beside the store that a center cannot do without. */
export interface PackPiece {
  readonly kind: 'pack';
  readonly name: string;
  readonly about: object;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export type BackupPiece = CopyPiece | PackPiece;

/** The backup cannot be used as it is; the message says why, and what can be done. */
export class BadBackup extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadBackup';
  }
}

/** Without line ends. Sessions are left out: who was signed in signs in again. */
export function* formatPiece(piece: BackupPiece): Generator<string> {
  if (piece.kind === 'docs') {
    if (piece.of === 'session') return;
    const { docs, ...range } = piece;
    yield JSON.stringify({ ...range, docs: docs.length });
    for (const doc of docs) yield JSON.stringify(doc);
  } else if (piece.kind === 'batch') {
    const { events, rejects, matches, ...head } = piece.batch;
    const counts = { events: events.length, rejects: rejects.length, matches: matches.length };
    yield JSON.stringify({ kind: 'batch', ...head, ...counts });
    for (const line of [...events, ...rejects, ...matches]) yield JSON.stringify(line);
  } else if (piece.kind === 'pack') {
    yield JSON.stringify({ ...piece, files: piece.files.length });
    for (const file of piece.files) yield JSON.stringify(file);
  } else yield JSON.stringify(piece);
}

interface Open {
  readonly head: Readonly<Record<string, unknown>>;
  /** Names of the lists, and how many lines of each are still to come. */
  readonly lists: { readonly name: string; left: number; readonly lines: unknown[] }[];
}

/** Takes a backup's lines between head and end, one after the other. */
export interface PieceParser {
  /** The piece that is whole with this line. Throws SyntaxError for what is no JSON. */
  take(line: string): BackupPiece | undefined;
  /** Whether a piece has begun and is not whole. */
  open(): boolean;
}

const listsOf: Readonly<Record<string, readonly string[]>> = {
  docs: ['docs'],
  batch: ['events', 'rejects', 'matches'],
  pack: ['files'],
};

export function createPieceParser(): PieceParser {
  let open: Open | undefined;
  const close = (): BackupPiece | undefined => {
    if (open === undefined || open.lists.some(({ left }) => left > 0)) return undefined;
    const { head, lists } = open;
    open = undefined;
    const whole = { ...head, ...Object.fromEntries(lists.map(({ name, lines }) => [name, lines])) };
    if (head.kind !== 'batch') return whole as unknown as BackupPiece;
    const { kind: _, ...batch } = whole as Record<string, unknown>;
    return { kind: 'batch', batch } as unknown as BackupPiece;
  };
  return {
    take(line) {
      const value = JSON.parse(line);
      const list = open?.lists.find(({ left }) => left > 0);
      if (list !== undefined) {
        list.lines.push(value);
        list.left--;
        return close();
      }
      const names = listsOf[value.kind];
      if (names === undefined) return value as BackupPiece;
      open = { head: value, lists: names.map((name) => ({ name, left: value[name] as number, lines: [] })) };
      return close();
    },
    open: () => open !== undefined,
  };
}

/** Adds what the piece holds. */
export function countPiece(counts: Record<string, number>, piece: BackupPiece): void {
  const add = (name: string, count: number): void => {
    if (count > 0) counts[name] = (counts[name] ?? 0) + count;
  };
  if (piece.kind === 'docs' && piece.of !== 'session') add(piece.of, piece.docs.length);
  else if (piece.kind === 'marks') add('mark', piece.marks.length);
  else if (piece.kind === 'batch') {
    add('batch', 1);
    add('event', piece.batch.events.length);
    add('reject', piece.batch.rejects.length);
    add('match', piece.batch.matches.length);
  }
}
