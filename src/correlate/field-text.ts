/**
 * Values of a match's fields as text, the form in which keys, groups and counts compare them: exact, nothing folded.
 * Reads own properties only, and keeps nothing longer than 256 characters: two values alike up to there are one value here.
 */
import type { Fields, Scalar } from '../model/event.ts';

const longest = 256;
const mostValues = 16;

function scalarText(value: Scalar): string {
  const text = typeof value === 'string' ? value : String(value);
  if (text.length <= longest) return text;
  // A slice would keep the whole text alive behind it.
  return Buffer.from(text.slice(0, longest)).toString();
}

/**
 * Values of the first of `names` that the match has, at most 16; a list gives each of its values once. Empty text counts as
 * missing.
 */
export function allTexts(fields: Fields, names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = fields[name] as Fields[string];
    if (typeof value !== 'object') {
      if (value !== '') return [scalarText(value)];
      continue;
    }
    const texts = new Set<string>();
    for (const one of value) {
      if (one !== '') texts.add(scalarText(one));
      if (texts.size === mostValues) break;
    }
    if (texts.size > 0) return [...texts];
  }
  return [];
}

/** Which of `names` the match has, and its first value. */
export function firstText(fields: Fields, names: readonly string[]): { field: string; value: string } | undefined {
  for (const field of names) {
    const value = allTexts(fields, [field])[0];
    if (value !== undefined) return { field, value };
  }
  return undefined;
}
