/** Rows of text for a terminal. Stored text is not trusted: control characters do not reach the terminal. */

/** Columns under their titles, as wide as their widest value. Full-width characters count as two. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [titles, ...rows.map((row) => row.map((cell) => cell.replace(/\p{C}/gu, ' ')))];
  const widths = titles.map((_, column) => Math.max(...clean.map((row) => width(row[column] ?? ''))));
  return clean
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] as number) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

const width = (text: string): number => [...text].reduce((sum, char) => sum + (wide.test(char) ? 2 : 1), 0);
