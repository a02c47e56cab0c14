/** The file of an embedded queue: opened for one process alone, made when it is new, refused when it is newer than this program. */
import { DatabaseSync } from 'node:sqlite';

const schemaVersion = 1;

/** Throws with the file's name, and what to do, when another process still has it after `waitMs`. */
export function openQueueFile(file: string, waitMs: number): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: waitMs });
  try {
    // The file belongs to this process until it ends, however it ends: the lock is the operating system's.
    db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT;`);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    // The code is for whoever asks whether a center works here; it crosses threads, a class would not.
    const text = `${file} is in use: another Hinomi works on this folder. Stop it first, or choose another folder`;
    throw Object.assign(new Error(text), { code: 'QUEUE_IN_USE' });
  }
  const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version > schemaVersion) {
    throw new Error(
      `${file} was written by a newer Hinomi (format ${version}, this one knows ${schemaVersion}); upgrade`,
    );
  }
  db.exec(`
    CREATE TABLE IF NOT EXISTS jobs(
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, member TEXT NOT NULL, source TEXT NOT NULL, records INTEGER NOT NULL,
      received_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0, error TEXT,
      head TEXT NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS done(
      id TEXT PRIMARY KEY, source TEXT NOT NULL, records INTEGER NOT NULL, received_at TEXT NOT NULL, done_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS done_at ON done(done_at);
    PRAGMA user_version = ${schemaVersion};
  `);
  return db;
}
