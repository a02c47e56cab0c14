/** What the search language knows of single fields: their short names, and how their values are compared. No logic beyond look-up. */

/** What people type -> the event's fields; with several, any of them may match. */
export const shortNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['user', ['user.name']],
  ['host', ['host.name']],
  ['ip', ['source.ip', 'destination.ip', 'host.ip']],
  ['src', ['source.ip']],
  ['dst', ['destination.ip']],
  ['rule', ['hinomi.rules']],
  ['dataset', ['event.dataset']],
  ['member', ['organization.id']],
  ['source', ['hinomi.source_id']],
  ['message', ['message']],
  ['process', ['process.executable']],
  ['code', ['event.code']],
  ['tags', ['tags']],
]);

/** Fields that free text does not look at: the record's second copy, and what the center itself writes on every event. */
export const notFreeText: ReadonlySet<string> = new Set([
  '@timestamp',
  'event.original',
  'event.id',
  'event.ingested',
  'hinomi.source_id',
  'organization.id',
]);

/** Fields whose values are things to pivot on: compared as a whole, and indexed as a whole. */
export const entityFields: ReadonlySet<string> = new Set([
  'user.name',
  'user.target.name',
  'host.name',
  'host.ip',
  'source.ip',
  'source.user.name',
  'destination.ip',
  'destination.user.name',
  'event.action',
  'event.code',
  'event.dataset',
  'event.outcome',
  'hinomi.rules',
  'hinomi.source_id',
  'organization.id',
  'rule.id',
  'url.domain',
  'dns.question.name',
  'file.hash.sha256',
  'process.hash.sha256',
  'email.from.address',
]);

const textFields: ReadonlySet<string> = new Set([
  'message',
  'event.original',
  'process.command_line',
  'process.executable',
  'process.parent.command_line',
  'process.parent.executable',
  'file.path',
  'user_agent.original',
]);

const LONG_VALUE = 40;

/** Whether `field:value` is content with finding the words inside the value, rather than asking for the whole of it. */
export const comparesAsText = (field: string, value: string): boolean =>
  !entityFields.has(field) && (value.length > LONG_VALUE || textFields.has(field) || field.startsWith('url.'));
