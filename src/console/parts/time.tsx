/** Times in the reader's zone, with UTC on hover. Never guesses a zone: it is the browser's. */
import { usePreferences } from '../session.tsx';
import type { Language } from '../types.ts';

export type TimeForm = 'short' | 'full' | 'day' | 'minute';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: Language, form: TimeForm | 'clock'): Intl.DateTimeFormat {
  const name = `${language} ${form}`;
  const known = formats.get(name);
  if (known !== undefined) return known;
  const day = { month: '2-digit', day: '2-digit' } as const;
  const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const second = { ...minute, second: '2-digit' } as const;
  const options: Record<TimeForm | 'clock', Intl.DateTimeFormatOptions> = {
    clock: second,
    short: { ...day, ...second },
    minute: { ...day, ...minute },
    day,
    full: { year: 'numeric', ...day, ...second, timeZoneName: 'short' },
  };
  // Sweden writes dates as ISO 8601 does, which English readers of any country sort and read alike.
  const made = new Intl.DateTimeFormat(
    language === 'ja' ? 'ja-JP' : form === 'full' ? 'en-GB' : 'sv-SE',
    options[form],
  );
  formats.set(name, made);
  return made;
}

/** "14:03:22" today, "11/23 14:03:22" otherwise; full: with year and zone. Text that is no time is given back as it is. */
export function formatTime(
  at: string | number,
  language: Language,
  form: TimeForm = 'short',
  now = new Date(),
): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  const today = date.toDateString() === now.toDateString();
  return format(language, form === 'short' && today ? 'clock' : form).format(date);
}

export function formatUtc(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function Time(props: { readonly at: string; readonly form?: TimeForm }) {
  const { language } = usePreferences();
  return (
    <time dateTime={props.at} title={formatUtc(props.at)}>
      {formatTime(props.at, language, props.form)}
    </time>
  );
}
