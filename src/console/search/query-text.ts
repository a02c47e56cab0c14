/** Building and amending the text of a search: values are quoted so that no log content can change a query's meaning. */

/** `source.ip` + `192.0.2.1` -> `source.ip:192.0.2.1`; anything but plain words is quoted. */
export function term(field: string, value: string): string {
  const plain = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) && !/^(AND|OR|NOT)$/.test(value);
  return `${field}:${plain ? value : quote(value)}`;
}

export function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The query with one more condition. What was there is put in parentheses when a word of it could bind differently. */
export function withTerm(query: string, added: string, mode: 'include' | 'exclude' | 'only'): string {
  const before = query.trim();
  if (mode === 'only') return added;
  const next = mode === 'exclude' ? `NOT ${added}` : added;
  if (before === '') return next;
  if (holds(before, next)) return before;
  return `${hasOr(before) ? `(${before})` : before} AND ${next}`;
}

function holds(query: string, condition: string): boolean {
  return query === condition || query.startsWith(`${condition} AND `) || query.endsWith(` AND ${condition}`);
}

/** An OR outside of quotes. */
function hasOr(query: string): boolean {
  return /(^|[\s)])OR($|[\s(])/.test(query.replace(/"(?:[^"\\]|\\.)*"?/g, '""'));
}
