/** Wall time in Japan, as the demo's products write it. */

const TOKYO_MS = 9 * 3_600_000;
const two = (value: number): string => String(value).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "2026-11-20 03:41:07" */
export const tokyo = (atMs: number): string => new Date(atMs + TOKYO_MS).toISOString().slice(0, 19).replace('T', ' ');

/** RFC 3164: "Nov 20 03:41:07", the day padded by a space. */
export function syslogTime(atMs: number): string {
  const at = new Date(atMs + TOKYO_MS);
  return `${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${at.toISOString().slice(11, 19)}`;
}

/** Common log format: "20/Nov/2026:03:41:07 +0900" */
export function accessTime(atMs: number): string {
  const at = new Date(atMs + TOKYO_MS);
  return `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0900`;
}
