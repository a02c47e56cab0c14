/**
 * A stream of CSV (RFC 4180) -> its rows as JSON objects by the names of the header line, as bytes, in lots. The delimiter is told by
 * the header: comma, semicolon or tab. An empty cell says nothing. Knows no types: every cell is text.
 */
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parse as parseWhole } from 'csv-parse/sync';
import type { RecordLot, Unreadable } from './record-lot.ts';

export interface CsvForm {
  readonly delimiter: ',' | ';' | '\t';
  readonly names: readonly string[];
}

const DELIMITERS = [',', ';', '\t'] as const;
const LOT_BYTES = 256 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;
/** A longer row is no log, or a quote that never closes. */
const MAX_ROW_BYTES = 64 * 1024 * 1024;
/** What a column may be called: log lines and torn JSON have commas too, but seldom only such words between them. */
const columnName = /^[\p{L}_@#$][\p{L}\p{M}\p{N} _.@#$%()/-]{0,199}$/u;

/** Of the text's first line, behind any mark: a header has two names or more, all different. undefined where it is none. */
export function detectCsv(head: Buffer): CsvForm | undefined {
  const newline = head.indexOf(0x0a);
  const line = head.toString('utf8', 0, newline < 0 ? head.length : newline).trim();
  if (line.length > MAX_HEADER_BYTES) return undefined;
  for (const delimiter of DELIMITERS) {
    const names = headerOf(line, delimiter);
    if (names.length > 1 && new Set(names).size === names.length && names.every((name) => columnName.test(name))) {
      return { delimiter, names };
    }
  }
  return undefined;
}

function headerOf(line: string, delimiter: string): readonly string[] {
  try {
    const [row = []] = parseWhole(line, { delimiter, bom: true, trim: true }) as string[][];
    return row;
  } catch {
    return [];
  }
}

/** `chunks`: the whole text as UTF-8. Throws, after the rows before, where a quote is not closed. */
export async function* readCsv(chunks: AsyncIterable<Buffer>, form: CsvForm): AsyncGenerator<RecordLot, undefined> {
  const { delimiter, names } = form;
  const parser = parse({
    delimiter,
    bom: true,
    from: 2,
    // A quote inside a cell that has none around it is a character like any other.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
  });
  const source = Readable.from(chunks);
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  let records: (Uint8Array | Unreadable)[] = [];
  let held = 0;
  let told = 0;
  const lot = (): RecordLot => {
    const made: RecordLot = { records, encoding: 'utf-8', bytes: parser.info.bytes - told };
    told = parser.info.bytes;
    records = [];
    held = 0;
    return made;
  };
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const row of parser as AsyncIterable<string[]>) {
      const record = recordOf(row, names);
      records.push(record);
      held += record instanceof Uint8Array ? record.length : 0;
      if (held >= LOT_BYTES || records.length >= 4096) yield lot();
    }
  } catch (error) {
    failure = { error };
  } finally {
    source.destroy();
  }
  if (records.length > 0) yield lot();
  if (failure !== undefined) throw failure.error;
}

function recordOf(row: readonly string[], names: readonly string[]): Uint8Array | Unreadable {
  if (row.length > names.length) return { reason: `a row of ${row.length} cells; the header names ${names.length}` };
  const cells: [string, string][] = [];
  row.forEach((cell, index) => {
    if (cell !== '') cells.push([names[index] as string, cell]);
  });
  return Buffer.from(JSON.stringify(Object.fromEntries(cells)));
}
