/** One line that tells a reader what an event is about, without its product's own page. */
import type { Event } from '../types.ts';
import { visible } from './visible.ts';

const longest = 400;

function first(event: Event, fields: readonly string[]): string {
  for (const field of fields) {
    if (!Object.hasOwn(event, field)) continue;
    const value = event[field];
    const text = String(Array.isArray(value) ? value[0] : value);
    if (text !== '') return text;
  }
  return '';
}

/** Who did what from where to where, as far as the event says; its message or original record where it says nothing. */
export function summarise(event: Event): string {
  const action = first(event, ['event.action', 'winlog.task', 'event.code', 'http.request.method']);
  const who = first(event, ['user.name', 'user.target.name', 'source.user.name']);
  const from = first(event, ['source.ip', 'source.address', 'client.ip']);
  const to = first(event, ['destination.ip', 'destination.domain', 'destination.address']);
  const where = first(event, ['host.name', 'observer.name']);
  const object = first(event, [
    'process.command_line',
    'process.executable',
    'winlog.event_data.ServiceName',
    'url.original',
    'url.path',
    'dns.question.name',
    'file.path',
  ]);
  const outcome = first(event, ['event.outcome', 'http.response.status_code']);
  const route = from !== '' && to !== '' ? `${from} → ${to}` : from !== '' ? `${from} →` : to !== '' ? `→ ${to}` : '';
  const told = [
    action,
    who,
    route,
    object,
    where === '' ? '' : `@${where}`,
    outcome === '' ? '' : `(${outcome})`,
  ].filter((part) => part !== '');
  const message = first(event, ['message', 'event.original']);
  if (told.length >= 3 || message === '') return visible(told.join(' '), longest);
  return visible(message, longest);
}
