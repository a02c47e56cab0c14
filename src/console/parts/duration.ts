/** A length of time in one rounded unit, for waiting times and spans. */
import type { Text } from '../i18n/ja.ts';

export function formatDuration(ms: number, text: Text['duration']): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return text.seconds(seconds);
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return text.minutes(minutes);
  const hours = Math.round(minutes / 60);
  return hours < 48 ? text.hours(hours) : text.days(Math.round(hours / 24));
}
