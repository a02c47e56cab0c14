/** Time ranges of a search: presets that end now, or two fixed times; as they stand in an address and as they are asked for. Pure. */

export const presets = ['15m', '1h', '24h', '7d', '30d'] as const;
export type Preset = (typeof presets)[number];

export type Range =
  | { readonly kind: 'preset'; readonly preset: Preset }
  | { readonly kind: 'fixed'; readonly since: string; readonly until: string };

export interface Bounds {
  /** ISO 8601 UTC, inclusive. */
  readonly since: string;
  /** Exclusive. */
  readonly until: string;
}

const minuteMs = 60_000;
const presetMs: Readonly<Record<Preset, number>> = {
  '15m': 15 * minuteMs,
  '1h': 60 * minuteMs,
  '24h': 24 * 60 * minuteMs,
  '7d': 7 * 24 * 60 * minuteMs,
  '30d': 30 * 24 * 60 * minuteMs,
};

/** From the parameters range, since, until of an address; the last 24 hours where they say nothing or nonsense. */
export function readRange(one: (name: string) => string): Range {
  const since = Date.parse(one('since'));
  const until = Date.parse(one('until'));
  if (since < until) return { kind: 'fixed', since: iso(since), until: iso(until) };
  const preset = presets.find((name) => name === one('range'));
  return { kind: 'preset', preset: preset ?? '24h' };
}

/** The parameters that readRange reads back. The usual range needs none. */
export function rangeParams(range: Range): { readonly range: string; readonly since: string; readonly until: string } {
  if (range.kind === 'fixed') return { range: '', since: range.since, until: range.until };
  return { range: range.preset === '24h' ? '' : range.preset, since: '', until: '' };
}

/** A preset ends a minute after `nowMs`: clocks of senders run ahead by seconds. */
export function boundsOf(range: Range, nowMs: number): Bounds {
  if (range.kind === 'fixed') return { since: range.since, until: range.until };
  return { since: iso(nowMs - presetMs[range.preset]), until: iso(nowMs + minuteMs) };
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080].map((minutes) => minutes * minuteMs);

/** Milliseconds a bar, whole minutes, for at most `mostBars` bars. */
export function barStep(bounds: Bounds, mostBars: number): number {
  const span = Date.parse(bounds.until) - Date.parse(bounds.since);
  return steps.find((step) => span / step <= mostBars) ?? Math.ceil(span / mostBars / minuteMs) * minuteMs;
}

/** For <input type="datetime-local">: local wall time without a zone. */
export function toLocalInput(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
