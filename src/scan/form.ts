/** How the JSON records of a text lie, by its first bytes: one a line, one array, or one after another. Parses only to decide. */

export interface JsonForm {
  /** lines: NDJSON; a broken line spoils no other. array: its elements. values: objects one after another, over lines or not. */
  readonly kind: 'lines' | 'array' | 'values';
  /** Where cutting begins: behind a byte order mark, and behind the array's bracket. */
  readonly start: number;
}

const LF = 0x0a;

/**
 * `head` holds the first lines, or everything. Lines, when the first line is one whole object, or begins no JSON at all; also when
 * it is broken (a log cut off at its front), and each of the next two lines is a whole object: no indented document has that.
 */
export function detectJsonForm(head: Buffer): JsonForm {
  let start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  const mark = start;
  while (start < head.length && isSpace(head[start] as number)) start++;
  const first = head[start];
  if (first === 0x5b) return { kind: 'array', start: start + 1 };
  if (first !== 0x7b) return { kind: 'lines', start: mark };
  const lines: string[] = [];
  for (let from = start; from < head.length && lines.length < 3; ) {
    const end = head.indexOf(LF, from);
    const line = head.toString('utf8', from, end < 0 ? head.length : end).trim();
    if (line !== '') lines.push(line);
    from = end < 0 ? head.length : end + 1;
  }
  const [one = '', two, three] = lines;
  if (isObject(one)) return { kind: 'lines', start: mark };
  const othersAreWhole = two !== undefined && three !== undefined && isObject(two) && isObject(three);
  return othersAreWhole && !one.endsWith('}') ? { kind: 'lines', start: mark } : { kind: 'values', start };
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;

function isObject(line: string): boolean {
  if (!line.startsWith('{') || !line.endsWith('}')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
