/** One line that tells a reader what an event is about, without its product's own page. */
import { windowsEventName } from '../i18n/windows.ts';
import type { Event, Language } from '../types.ts';
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

/** Who did what from where to where, as far as the event says; its message or original record where it says little. */
export function summarise(event: Event, language: Language): string {
  const code = first(event, ['event.code']);
  const action = Object.hasOwn(event, 'winlog.channel')
    ? `${code} ${windowsEventName(code, language)}`.trim()
    : first(event, ['http.request.method', 'event.action']);
  const who = first(event, ['user.name', 'user.target.name', 'source.user.name']);
  const from = first(event, ['source.ip', 'source.address', 'client.ip']);
  const to = first(event, ['destination.ip', 'destination.domain', 'destination.address']);
  const port = to === '' ? '' : first(event, ['destination.port']);
  const object = first(event, [
    'process.command_line',
    'process.executable',
    'service.name',
    'winlog.event_data.ServiceName',
    'url.original',
    'url.path',
    'dns.question.name',
    'file.path',
  ]);
  const where = first(event, ['host.name']);
  const outcome = first(event, ['http.response.status_code', 'event.outcome']);
  const target = port === '' ? to : `${to.includes(':') ? `[${to}]` : to}:${port}`;
  const route = to === '' ? from : from === '' ? `→ ${target}` : `${from} → ${target}`;
  const told = [
    action,
    who,
    route,
    object,
    where === '' ? '' : `@${where}`,
    outcome === '' ? '' : `(${outcome})`,
  ].filter((part) => part !== '');
  const message = first(event, ['message', 'event.original']);
  return visible(told.length >= 3 || message === '' ? told.join(' ') : message, longest);
}
