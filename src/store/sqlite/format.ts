/** What the files of the embedded store hold, and where they lie. docs/decisions/0002-embedded-store.md has the reasons. */
import { join } from 'node:path';
import { kindNames, kinds } from '../kinds.ts';
import type { Kind } from '../store.ts';
import type { FileFormat } from './file.ts';

export const statePath = (folder: string): string => join(folder, 'state.db');
export const eventsFolder = (folder: string): string => join(folder, 'events');
export const dayPath = (folder: string, day: string): string => join(eventsFolder(folder), `${day}.db`);
/** Name of a day's file -> the day; undefined for any other file. */
export const dayOfFile = (name: string): string | undefined => /^(\d{4}-\d\d-\d\d)\.db$/.exec(name)?.[1];

/** Column of a document's table that holds a filter's value. */
export const column = (property: string): string => `"by ${property}"`;

function docTable(kind: Kind): string {
  const filters = Object.keys(kinds[kind].where).map(column);
  const covered = ['sort', 'id', 'member', 'members', ...filters].join(', ');
  // Wide rows are not read to find a page or to count: the index holds everything that can be asked for but words.
  return [
    `CREATE TABLE "${kind}"(id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, sort TEXT NOT NULL, member TEXT, members TEXT,
      ${filters.map((name) => `${name} TEXT, `).join('')} text TEXT, body TEXT NOT NULL);`,
    `CREATE INDEX "${kind} page" ON "${kind}"(${covered});`,
    ...(kinds[kind].pivots ?? []).map(
      (name) => `CREATE INDEX "${kind} ${name}" ON "${kind}"(${column(name)}, sort) WHERE ${column(name)} IS NOT NULL;`,
    ),
  ].join('\n');
}

const progressTable = `
    -- How far the correlator has come: event time of the newest match that was applied, and that which it was told of.
    CREATE TABLE progress(one INTEGER PRIMARY KEY CHECK(one = 1), applied_ms INTEGER, advanced_ms INTEGER);
    INSERT INTO progress(one) VALUES(1);`;

/** The lead that was taken last. */
const termColumn = 'ALTER TABLE progress ADD COLUMN term INTEGER NOT NULL DEFAULT 0;';

const copyTables = `
    -- Which store this is, and what a copy in it was made of (JSON).
    CREATE TABLE identity(one INTEGER PRIMARY KEY CHECK(one = 1), id TEXT NOT NULL, origin TEXT);
    INSERT INTO identity VALUES(1, lower(hex(randomblob(10))), NULL);
    -- Ledger of days that the copy left out.
    CREATE TABLE left_out(hour INTEGER NOT NULL, source TEXT NOT NULL, member TEXT NOT NULL, records INTEGER NOT NULL,
      parsed INTEGER NOT NULL, rejects INTEGER NOT NULL, PRIMARY KEY(hour, source, member)) WITHOUT ROWID;`;

export const stateFormat: FileFormat = {
  version: 4,
  upgrades: [progressTable, termColumn, copyTables],
  schema: `
    ${kindNames.map(docTable).join('\n')}
    CREATE TABLE applied(batch TEXT PRIMARY KEY, alerts INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE refused(hour INTEGER NOT NULL, source TEXT NOT NULL, member TEXT NOT NULL, records INTEGER NOT NULL,
      PRIMARY KEY(hour, source, member)) WITHOUT ROWID;
    -- Which days there are, and between which event times each lies. May say too much, never too little.
    CREATE TABLE days(day TEXT PRIMARY KEY, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL) WITHOUT ROWID;
    -- Days whose files are being removed: what a crash left of them is removed at the next start.
    CREATE TABLE pruning(day TEXT PRIMARY KEY) WITHOUT ROWID;
    -- Ledger of days that were removed: the sums outlive the records.
    CREATE TABLE ledger(hour INTEGER NOT NULL, source TEXT NOT NULL, member TEXT NOT NULL, records INTEGER NOT NULL,
      parsed INTEGER NOT NULL, rejects INTEGER NOT NULL, PRIMARY KEY(hour, source, member)) WITHOUT ROWID;
    ${progressTable}
    ${termColumn}
    ${copyTables}
  `,
};

/** Printable ASCII that may stand in a term beside letters and digits; ' and \\ are replaced before (see index-word.ts). */
const tokenChars = '!#$%&()*+,-./:;<=>?@[]^_{|}~';

export const dayFormat: FileFormat = {
  version: 1,
  upgrades: [],
  schema: `
    CREATE TABLE blocks(id INTEGER PRIMARY KEY, member TEXT NOT NULL, source TEXT NOT NULL, min_ms INTEGER NOT NULL,
      max_ms INTEGER NOT NULL, events INTEGER NOT NULL);
    CREATE INDEX blocks_time ON blocks(max_ms, id, min_ms, member);
    CREATE INDEX blocks_member ON blocks(member, max_ms, id, min_ms);
    CREATE TABLE bodies(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
    -- One row a block: rowid = block, words = the distinct terms of its events.
    CREATE VIRTUAL TABLE terms USING fts5(words, content = '', columnsize = 0, detail = none,
      tokenize = "ascii tokenchars '${tokenChars}'");
    INSERT INTO terms(terms, rank) VALUES('hashsize', 8388608);
    -- pieces: JSON [[block counted from first_block, first record, last record], ...]
    CREATE TABLE batches(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, member TEXT NOT NULL, source TEXT NOT NULL,
      received_ms INTEGER NOT NULL, records INTEGER NOT NULL, parsed INTEGER NOT NULL, events INTEGER NOT NULL,
      rejects INTEGER NOT NULL, matches INTEGER NOT NULL, first_block INTEGER NOT NULL, pieces TEXT NOT NULL);
    CREATE TABLE rejects(id TEXT NOT NULL UNIQUE, member TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX rejects_member ON rejects(member, id);
    CREATE INDEX rejects_source ON rejects(source, id);
    CREATE TABLE matches(at_ms INTEGER NOT NULL, batch INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY(at_ms, batch, number)) WITHOUT ROWID;
    CREATE TABLE counts(minute INTEGER NOT NULL, source TEXT NOT NULL, member TEXT NOT NULL, events INTEGER NOT NULL,
      PRIMARY KEY(minute, source, member)) WITHOUT ROWID;
    CREATE TABLE ledger(hour INTEGER NOT NULL, source TEXT NOT NULL, member TEXT NOT NULL, records INTEGER NOT NULL,
      parsed INTEGER NOT NULL, rejects INTEGER NOT NULL, PRIMARY KEY(hour, source, member)) WITHOUT ROWID;
    CREATE TABLE span(one INTEGER PRIMARY KEY CHECK(one = 1), min_ms INTEGER, max_ms INTEGER, events INTEGER NOT NULL);
    INSERT INTO span VALUES(1, NULL, NULL, 0);
  `,
};
