/**
 * Cursors: where a page ended, opaque to whoever carries them. They hold positions only, never rights: a cursor made for one
 * reader shows another nothing that its scope does not.
 */

/** A cursor that is not one of ours, or belongs to another list. */
export class BadCursor extends Error {
  constructor() {
    super('this cursor is not one of this list; leave it out to begin anew');
    this.name = 'BadCursor';
  }
}

const LONGEST = 2_000;

/** `list` names the list that the cursor belongs to. */
export const formatCursor = (list: string, position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify([list, ...position])).toString('base64url');

/** `shape`: type of each part of the position. Throws BadCursor. */
export function parseCursor(text: string, list: string, shape: readonly ('string' | 'number')[]): (string | number)[] {
  let value: unknown;
  try {
    if (text.length <= LONGEST) value = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw new BadCursor();
  }
  if (!Array.isArray(value) || value.length !== shape.length + 1 || value[0] !== list) throw new BadCursor();
  const position = value.slice(1) as (string | number)[];
  const fits = position.every(
    (part, index) => typeof part === shape[index] && (typeof part === 'string' || Number.isSafeInteger(part)),
  );
  if (!fits) throw new BadCursor();
  return position;
}
