/**
 * One SQLite file of ours: opened with the settings that every file has, made when it is new, refused when it is not ours or newer
 * than this program. Knows nothing of what is in it.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export interface SqliteFile {
  readonly path: string;
  readonly db: DatabaseSync;
  /** Prepared once and kept; the texts are few. */
  sql(text: string): StatementSync;
  /** One transaction that sees others' commits from its beginning on. Errors name the file; nothing is written when it throws. */
  write<T>(work: () => T): T;
  /** Errors name the file. */
  read<T>(work: () => T): T;
  close(): void;
}

export interface FileFormat {
  readonly version: number;
  /** Statements that make an empty file one of ours, of this version. */
  readonly schema: string;
  /** Statements that make version 2 of version 1, 3 of 2, and so on. */
  readonly upgrades: readonly string[];
}

/** "HNMI", in the file's header: tells our files from any other program's. */
const APPLICATION_ID = 0x484e4d49;
const PAGE_BYTES = 8192;
/** Pages in the log before it is folded into the file: 32 MB, since one commit of a busy center writes several. */
const CHECKPOINT_PAGES = 4096;
const MOST_LOG_BYTES = 64 * 1024 * 1024;
const MOST_STATEMENTS = 256;

const NOT_A_DATABASE = 26;
const CORRUPT = 11;
const DISK_FULL = 13;
const CANNOT_OPEN = 14;
const BUSY = 5;

const advice: ReadonlyMap<number, string> = new Map([
  [NOT_A_DATABASE, 'it is not a file of Hinomi; move it away, or put its backup in its place'],
  [CORRUPT, 'it is damaged; stop the center, keep a copy of it, and put its backup in its place'],
  [DISK_FULL, 'the disk is full; make room, nothing was lost that had been confirmed'],
  [CANNOT_OPEN, 'it cannot be opened; check that the folder is there and belongs to the user the center runs as'],
  [BUSY, 'another process has held it for more than five seconds; end that process'],
]);

function explain(path: string, error: unknown): unknown {
  const code = (error as { errcode?: number }).errcode;
  const what = code === undefined ? undefined : advice.get(code & 0xff);
  return what === undefined ? error : new Error(`${path}: ${what} (${(error as Error).message})`, { cause: error });
}

function pragma(db: DatabaseSync, name: string): number {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number;
}

/** Version of the file's format; 0: it is empty. Throws when it is not ours, or newer than this program. */
function versionOf(db: DatabaseSync, path: string, format: FileFormat): number {
  const owner = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (owner === 0 && version === 0) {
    const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
    if (tables === 0) return 0;
  }
  if (owner !== APPLICATION_ID) {
    throw new Error(`${path}: it belongs to another program; move it away, or name another data folder`);
  }
  if (version > format.version) {
    throw new Error(
      `${path}: written by a newer Hinomi (format ${version}, this one knows ${format.version}); upgrade this one`,
    );
  }
  return version;
}

/** Makes an empty file one of ours, and an older one a new one. Two processes may meet here: the second finds it done. */
function makeTables(db: DatabaseSync, path: string, format: FileFormat): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(db, path, format);
    if (version === 0) db.exec(format.schema);
    else for (const upgrade of format.upgrades.slice(version - 1)) db.exec(upgrade);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${format.version}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** `access: read` needs the file to be there, and refuses every write. */
export function openFile(path: string, format: FileFormat, access: 'read' | 'write'): SqliteFile {
  if (access === 'read' && !existsSync(path)) throw new Error(`${path}: there is no such file`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 5000 });
    const version = versionOf(db, path, format);
    if (access === 'read') db.exec('PRAGMA query_only = ON');
    else {
      db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
      db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${MOST_LOG_BYTES}`);
      if (version < format.version) makeTables(db, path, format);
    }
  } catch (error) {
    db?.close();
    throw explain(path, error);
  }
  return wrap(path, db);
}

function wrap(path: string, db: DatabaseSync): SqliteFile {
  const statements = new Map<string, StatementSync>();
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explain(path, error);
    }
  };
  return {
    path,
    db,
    sql(text) {
      const known = statements.get(text);
      if (known !== undefined) return known;
      if (statements.size >= MOST_STATEMENTS) statements.clear();
      const statement = db.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    read,
    write: (work) =>
      read(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          db.exec('COMMIT');
          return result;
        } catch (error) {
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
    close() {
      statements.clear();
      db.close();
    },
  };
}
