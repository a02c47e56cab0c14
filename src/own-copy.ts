/**
 * A value may be a slice of the record that it came in; remembering it would keep the whole record. This is a copy of it alone.
 * Hot: V8 writes what is joined in one piece, and compares it three times as fast as a slice.
 */
export function ownCopy(text: string): string {
  return text.length < shortestSlice ? text : [text.slice(0, 1), text.slice(1)].join('');
}

/** V8 copies what is shorter. */
const shortestSlice = 13;
