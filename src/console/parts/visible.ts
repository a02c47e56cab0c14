/** Log content made fit to be looked at: characters that hide, reorder or ring are shown by their code instead. */

// Controls but for tab and newline, format characters (zero-width, directional, tags), line and paragraph separators.
const hidden = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** "a\u202Eb" -> "a[U+202E]b". At most `limit` characters of the text; a cut is marked with "…". */
export function visible(value: string, limit = 4_000): string {
  const cut = value.length > limit ? `${value.slice(0, limit)}…` : value;
  return cut.replace(hidden, (found) => {
    const code = found.codePointAt(0) ?? 0;
    return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}
