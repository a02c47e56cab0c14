/** Lints of what stands at the top of a document: id, title, level, dates, tags, log source. */
import type { Lint } from './lint-report.ts';
import { editDistance, quoted } from './suggestion.ts';
import { entryOf, type Place, type YamlMap } from './yaml-tree.ts';

const maxTitle = 110;
const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function lintHead(document: YamlMap, lint: Lint): void {
  const id = textAt(document, 'id');
  if (id !== undefined && !uuid4.test(id.text))
    lint('id', id.at, 'the id is no random UUID (version 4); only these are sure never to meet the id of another rule');
  const title = textAt(document, 'title');
  if (title !== undefined && title.text.length > maxTitle)
    lint(
      'title',
      title.at,
      `the title has ${title.text.length} characters; more than ${maxTitle} are cut off in lists`,
    );
  const isFilter = entryOf(document, 'filter') !== undefined;
  if (!isFilter && textAt(document, 'level') === undefined)
    lint('level', document, 'the level is missing; alerts of this rule are taken as medium');
  lintDates(document, lint);
  lintTags(document, lint);
  lintLogSource(document, lint);
}

function lintDates(document: YamlMap, lint: Lint): void {
  const date = textAt(document, 'date');
  const modified = textAt(document, 'modified');
  for (const written of [date, modified]) {
    if (written !== undefined && !isDate(written.text))
      lint('date', written.at, `${quoted(written.text)} is no date such as 2026-11-23 (year, month, day)`);
  }
  if (date === undefined || modified === undefined || !isDate(date.text) || !isDate(modified.text)) return;
  if (modified.text < date.text) lint('date', modified.at, 'modified is before date');
}

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (parts === null) return false;
  const [, year, month, day] = parts.map(Number) as [number, number, number, number];
  return new Date(Date.UTC(year, month - 1, day)).toISOString().startsWith(text);
}

function lintTags(document: YamlMap, lint: Lint): void {
  const tags = entryOf(document, 'tags')?.value;
  if (tags?.kind !== 'list') return;
  for (const tag of tags.items) {
    if (tag.kind !== 'scalar' || tag.value === null) continue;
    const text = String(tag.value);
    if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/.test(text))
      lint('tag', tag, `${quoted(text)} is no tag such as attack.t1110: a namespace, a dot and a word, in lower case`);
    // Techniques, tactics, groups, software and the like have a letter or two and a number; the names of tactics have no digits.
    else if (/^attack\..*\d/.test(text) && !/^attack\.(t\d{4}(\.\d{3})?|(ta|g|s|c|m|ds)\d{4})$/.test(text))
      lint('tag', tag, `${quoted(text)} is no technique of ATT&CK; these are written attack.t1110 or attack.t1110.001`);
  }
}

/** Names that rules everywhere use; whatever is near one of them, and none itself, is a slip. */
const known = {
  product: [
    'windows',
    'linux',
    'macos',
    'aws',
    'azure',
    'gcp',
    'm365',
    'okta',
    'github',
    'cisco',
    'kubernetes',
    'fortigate',
  ],
  category: [
    ...['process_creation', 'process_access', 'process_termination', 'process_tampering', 'image_load', 'driver_load'],
    ...[
      'file_access',
      'file_change',
      'file_delete',
      'file_event',
      'file_rename',
      'file_block',
      'file_executable_detected',
    ],
    ...['registry_add', 'registry_delete', 'registry_event', 'registry_rename', 'registry_set', 'network_connection'],
    ...[
      'create_remote_thread',
      'create_stream_hash',
      'dns_query',
      'dns',
      'pipe_created',
      'wmi_event',
      'raw_access_thread',
    ],
    ...[
      'ps_module',
      'ps_script',
      'ps_classic_start',
      'sysmon_status',
      'sysmon_error',
      'proxy',
      'firewall',
      'webserver',
    ],
    ...['antivirus', 'application', 'authentication', 'database'],
  ],
  service: [
    ...['security', 'system', 'sysmon', 'powershell', 'powershell-classic', 'windefend', 'application', 'applocker'],
    ...['bits-client', 'taskscheduler', 'auditd', 'sshd', 'sudo', 'syslog', 'cloudtrail', 'auditlogs', 'signinlogs'],
    ...['activitylogs', 'audit', 'dns-client', 'wmi', 'ntlm', 'dns-server', 'auth', 'cron'],
  ],
} as const;

function lintLogSource(document: YamlMap, lint: Lint): void {
  const map = entryOf(document, 'logsource')?.value;
  if (map?.kind !== 'map') return;
  for (const part of ['product', 'category', 'service'] as const) {
    const written = textAt(map, part);
    if (written === undefined) continue;
    const word = written.text.toLowerCase();
    const words: readonly string[] = known[part];
    // Short words are near each other by chance.
    if (word.length < 5 || word.length > 40 || words.includes(word)) continue;
    const most = word.length < 9 ? 1 : 2;
    const near = words.find((other) => other.length >= 5 && editDistance(word, other, most) <= most);
    if (near !== undefined)
      lint('logsource', written.at, `no usual log source has the ${part} ${quoted(word)} (did you mean "${near}"?)`);
  }
}

function textAt(map: YamlMap, key: string): { readonly text: string; readonly at: Place } | undefined {
  const value = entryOf(map, key)?.value;
  return value?.kind === 'scalar' && value.value !== null ? { text: String(value.value), at: value } : undefined;
}
