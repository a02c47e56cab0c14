/** "Did you mean": the nearest known word to a misspelt one. For messages only; nothing is ever corrected silently. */

/** Edits (insert, delete, replace, swap of neighbours) between two short words; more than `most` of them are not counted further. */
export function editDistance(a: string, b: string, most = Number.POSITIVE_INFINITY): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
      if (best < least) least = best;
    }
    // Rows never fall below this again, swaps included.
    if (least > most) return least;
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** ` (did you mean "contains"?)`, or nothing when no known word is near. Looks at the first 2,000 known words only. */
export function didYouMean(word: string, known: Iterable<string>): string {
  if (word.length === 0 || word.length > 60) return '';
  const lower = word.toLowerCase();
  let best: string | undefined;
  let distance = Math.min(3, Math.max(1, Math.floor(word.length / 2))) + 1;
  let looked = 0;
  for (const candidate of known) {
    if (++looked > 2000) break;
    if (Math.abs(candidate.length - word.length) >= distance) continue;
    const found = editDistance(lower, candidate.toLowerCase(), distance - 1);
    if (found < distance) {
      distance = found;
      best = candidate;
    }
  }
  return best === undefined ? '' : ` (did you mean ${quoted(best)}?)`;
}

/** Text of a file for a message: quoted, on one line, cut, without control characters. */
export function quoted(text: unknown): string {
  const cut = String(text).slice(0, 80);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return `"${cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ')}"`;
}
