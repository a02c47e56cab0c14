/**
 * Fills a store with what a center of many members holds after some days: events of six kinds of logs, alerts, incidents, by the
 * store's own methods. The same numbers give the same documents but for their times.
 */
import { createRandom, type Random } from '../src/demo/random.ts';
import { batchId, eventId, hashId, jobId } from '../src/ids.ts';
import type { Alert, Incident } from '../src/model/alert.ts';
import type { Event, Fields } from '../src/model/event.ts';
import type { Change, Store } from '../src/store/store.ts';

export const MEMBERS = 120;
/** What lies further back than the events are alerts without their events. */
export const EVENT_DAYS = 5;
const ALERT_DAYS = 30;
const DAY_MS = 86_400_000;
const BATCH = 1_000;
const BATCHES_A_PUT = 4;
const LANES = 3;
// Large ones: a save is three round trips, and beside a stream of events each has to wait.
const ALERTS_A_SAVE = 2_500;
const ALERTS_AN_INCIDENT = 20;
/** One event in so many holds it. */
export const RARE_EVERY = 250_000;
export const RARE_WORD = 'zerologon';

export const memberName = (number: number): string => `member-${String(number).padStart(3, '0')}`;
const userName = (random: Random): string => `user${Math.floor(random.next() ** 2 * 400)}`;
const hostName = (random: Random, member: number): string => `pc-${member}-${random.int(1, 150)}`;
const inside = (random: Random, member: number): string => `10.${member}.${random.int(0, 7)}.${random.int(1, 250)}`;
const outside = (random: Random): string =>
  `${random.pick(['192.0.2', '198.51.100', '203.0.113'])}.${random.int(1, 254)}`;
const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => random.int(0, 15).toString(16)).join('');

const programs = ['powershell.exe', 'cmd.exe', 'svchost.exe', 'chrome.exe', 'excel.exe', 'outlook.exe', 'msiexec.exe'];
const folders = ['C:\\Windows\\System32', 'C:\\Program Files\\Office', 'C:\\Users\\Public', 'D:\\業務\\共有'];
const pages = ['/login', '/api/v1/items', '/library/search', '/shinryo/yoyaku', '/img/logo.png', '/kyusho/kouho.html'];

/** What a product logs, its rest like the real ones in names, lengths and number of values. */
const kinds: readonly ((random: Random, member: number) => Fields)[] = [
  (random, member) => {
    const program = `${random.pick(folders)}\\${random.pick(programs)}`;
    return {
      'event.dataset': 'windows-event',
      'event.code': '1',
      'event.action': 'Process Create',
      'winlog.channel': 'Microsoft-Windows-Sysmon/Operational',
      'winlog.provider_name': 'Microsoft-Windows-Sysmon',
      'winlog.record_id': random.int(1, 90_000_000),
      'host.name': hostName(random, member),
      'user.name': userName(random),
      'process.executable': program,
      'process.pid': random.int(400, 30_000),
      'process.entity_id': `{${hex(random, 8)}-${hex(random, 4)}-${hex(random, 12)}}`,
      'process.command_line': `"${program}" -session ${hex(random, 12)} -file D:\\業務\\${random.int(1, 900)}.xlsx /quiet`,
      'process.hash.sha256': hex(random, 64),
      'process.parent.executable': 'C:\\Windows\\explorer.exe',
      'winlog.event_data.IntegrityLevel': random.pick(['Medium', 'High', 'System']),
    };
  },
  (random, member) => ({
    'event.dataset': 'windows-event',
    'event.code': random.chance(0.1) ? '4625' : '4624',
    'event.action': random.chance(0.1) ? 'logon-failed' : 'logged-in',
    'winlog.channel': 'Security',
    'winlog.provider_name': 'Microsoft-Windows-Security-Auditing',
    'host.name': hostName(random, member),
    'user.name': userName(random),
    'source.ip': inside(random, member),
    'winlog.event_data.LogonType': String(random.pick([2, 3, 3, 3, 5, 10])),
    'winlog.event_data.TargetLogonId': `0x${hex(random, 8)}`,
    message: random.chance(0.1) ? 'アカウントがログオンに失敗しました。' : 'アカウントが正常にログオンしました。',
  }),
  (random, member) => {
    const denied = random.chance(0.2);
    const [from, to] = [inside(random, member), outside(random)];
    const port = random.pick([53, 80, 443, 443, 443, 445, 3389]);
    return {
      'event.dataset': 'fortinet-fortigate',
      'event.action': denied ? 'deny' : 'accept',
      'event.outcome': denied ? 'failure' : 'success',
      'source.ip': from,
      'source.port': random.int(1_024, 65_535),
      'destination.ip': to,
      'destination.port': port,
      'network.bytes': random.int(60, 900_000),
      'rule.id': String(random.int(1, 90)),
      'event.original': `type="traffic" subtype="forward" srcip=${from} dstip=${to} dstport=${port} action="${denied ? 'deny' : 'accept'}" sessionid=${random.int(1, 9e8)} service="HTTPS" policyname="社外向け"`,
    };
  },
  (random, member) => {
    const user = userName(random);
    return {
      'event.dataset': 'fortinet-fortigate',
      'event.action': random.chance(0.1) ? 'ssl-login-fail' : 'tunnel-up',
      'source.ip': outside(random),
      'user.name': user,
      'destination.ip': inside(random, member),
      message: `VPN接続 ${user} 認証${random.chance(0.1) ? 'に失敗しました' : 'に成功しました'}`,
    };
  },
  (random) => {
    const from = outside(random);
    const page = `${random.pick(pages)}?id=${random.int(1, 90_000)}`;
    return {
      'event.dataset': 'web-access',
      'source.ip': from,
      'http.request.method': random.pick(['GET', 'GET', 'GET', 'POST']),
      'url.path': page,
      'http.response.status_code': random.pick([200, 200, 200, 304, 403, 404, 500]),
      'user_agent.original': `Mozilla/5.0 (Windows NT 10.0; Win64; x64) rv:${random.int(90, 140)}`,
      'event.original': `${from} - - "GET ${page} HTTP/1.1" 200 ${random.int(100, 90_000)}`,
    };
  },
  (random, member) => ({
    'event.dataset': 'linux-auth',
    'event.action': 'ssh_login',
    'event.outcome': random.chance(0.3) ? 'failure' : 'success',
    'host.name': `srv-${member}-${random.int(1, 12)}`,
    'user.name': userName(random),
    'source.ip': random.chance(0.3) ? outside(random) : inside(random, member),
    'process.pid': random.int(400, 30_000),
    message: `${random.chance(0.3) ? 'Failed password' : 'Accepted publickey'} for ${userName(random)} port ${random.int(1_024, 65_535)} ssh2`,
  }),
];

/** Puts `total` events, or fewer when it is stopped; answers how many are durable then. `onPart` hears how many are there. */
export async function fillEvents(
  store: Store,
  total: number,
  nowMs: number,
  stop: AbortSignal,
  onPart: (done: number) => void,
): Promise<number> {
  const batches = Math.ceil(total / BATCH);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < batches && !stop.aborted) {
      const numbers = Array.from({ length: Math.min(BATCHES_A_PUT, batches - next) }, () => next++);
      const worked = numbers.map((number) =>
        makeBatch(number, Math.min(BATCH, total - number * BATCH), batches, nowMs),
      );
      await store.putBatches(worked);
      done += worked.reduce((sum, { records }) => sum + records, 0);
      onPart(done);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return done;
}

function makeBatch(
  number: number,
  records: number,
  batches: number,
  nowMs: number,
): Parameters<Store['putBatches']>[0][0] {
  const random = createRandom('events', number);
  const member = number % MEMBERS;
  const memberId = memberName(member);
  const sourceId = `${memberId}.all`;
  const spanMs = EVENT_DAYS * DAY_MS;
  // The newest come first: whoever stops early has all of the last days.
  const beginMs = nowMs - ((number + MEMBERS) / batches) * spanMs;
  const receivedAt = new Date(beginMs + (MEMBERS / batches) * spanMs).toISOString();
  const id = batchId(jobId(sourceId, `fill-${number}`), receivedAt);
  const events = Array.from({ length: records }, (_, offset): Event => {
    const fields = random.pick(kinds)(random, member);
    if ((number * BATCH + offset) % RARE_EVERY === RARE_EVERY - 1) fields.message = `netlogon ${RARE_WORD} attempt`;
    return {
      ...fields,
      '@timestamp': new Date(
        Math.min(nowMs, beginMs + (offset / records) * (MEMBERS / batches) * spanMs),
      ).toISOString(),
      'event.id': eventId(id, offset),
      'event.ingested': receivedAt,
      'organization.id': memberId,
      'hinomi.source_id': sourceId,
    } as Event;
  });
  return { batchId: id, memberId, sourceId, receivedAt, records, parsed: records, events, rejects: [], matches: [] };
}

const titles = [
  ['Suspicious PowerShell Download', '不審なPowerShellによるダウンロード'],
  ['Password Spraying Against VPN', 'VPNへのパスワードスプレー攻撃'],
  ['New Service Installed From User Folder', '利用者フォルダーからのサービス登録'],
  ['Credential Dumping From LSASS', 'LSASSからの認証情報の取得'],
  ['Path Traversal In Web Request', 'Webへのパストラバーサル'],
  ['Logon From Unusual Address', '通常と異なるアドレスからのログオン'],
  ['Event Log Cleared', 'イベントログの消去'],
  ['Connection To Known Bad Address', '既知の悪性アドレスへの通信'],
] as const;
const levels = ['informational', 'low', 'low', 'medium', 'medium', 'medium', 'high', 'critical'] as const;

/** Saves `total` alerts, or fewer when it is stopped, and an incident for every twenty. */
export async function fillAlerts(
  store: Store,
  total: number,
  nowMs: number,
  stop: AbortSignal,
  onPart: (done: number) => void,
): Promise<{ readonly alerts: number; readonly incidents: number }> {
  let incidents = 0;
  let alerts = 0;
  for (let at = 0; at < total && !stop.aborted; at += ALERTS_A_SAVE) {
    const changes: Change[] = [];
    for (let number = at; number < Math.min(total, at + ALERTS_A_SAVE); number++) {
      const alert = makeAlert(number, total, nowMs);
      changes.push({ kind: 'alert', doc: alert });
      if (number % ALERTS_AN_INCIDENT !== 0) continue;
      incidents++;
      const alertIds = Array.from({ length: ALERTS_AN_INCIDENT }, (_, more) => alertId(number + more));
      changes.push({ kind: 'incident', doc: makeIncident(alert, alertIds) });
    }
    await store.save(changes);
    alerts = Math.min(total, at + ALERTS_A_SAVE);
    onPart(alerts);
  }
  return { alerts, incidents };
}

export const alertId = (number: number): string => hashId('bench-alert', String(number));
export const incidentId = (number: number): string =>
  hashId('bench-incident', String(number - (number % ALERTS_AN_INCIDENT)));

function makeAlert(number: number, total: number, nowMs: number): Alert {
  const random = createRandom('alerts', number);
  // All of an incident are one member's.
  const member = Math.floor(number / ALERTS_AN_INCIDENT) % MEMBERS;
  const [title, titleJa] = random.pick(titles);
  const lastMs = nowMs - ALERT_DAYS * DAY_MS * (number / total);
  const firstMs = lastMs - random.int(0, 3_600_000);
  const status = random.chance(0.05) ? 'new' : random.chance(0.05) ? 'acknowledged' : 'closed';
  const at = new Date(lastMs).toISOString();
  return {
    id: alertId(number),
    memberId: memberName(member),
    ruleId: `rule-${titles.findIndex(([name]) => name === title)}-${random.int(1, 60)}`,
    ...{ title, titleJa },
    level: random.pick(levels),
    tags: [`attack.t${random.int(1_001, 1_650)}`],
    entities: [
      { field: 'host.name', value: hostName(random, member) },
      { field: 'user.name', value: userName(random) },
      { field: 'source.ip', value: random.chance(0.5) ? outside(random) : inside(random, member) },
    ],
    sourceIds: [`${memberName(member)}.all`],
    count: random.int(1, 400),
    firstSeenAt: new Date(firstMs).toISOString(),
    lastSeenAt: at,
    eventIds: Array.from({ length: random.int(1, 10) }, (_, event) =>
      eventId(batchId(jobId('fill', String(number)), at), event),
    ),
    status,
    closeReason: status === 'closed' ? random.pick(['true-positive', 'benign', 'false-positive']) : null,
    assignee: status === 'new' ? null : `analyst${random.int(1, 9)}`,
    incidentId: incidentId(number),
    campaignId: null,
    ...{ createdAt: at, updatedAt: at, version: 1 },
  };
}

function makeIncident(alert: Alert, alertIds: string[]): Incident {
  const { memberId, title, titleJa, level, entities, firstSeenAt, lastSeenAt, createdAt, updatedAt } = alert;
  return {
    id: alert.incidentId as string,
    ...{ memberId, title, titleJa, level },
    status: alert.status === 'closed' ? 'closed' : 'new',
    assignee: alert.assignee,
    alertIds,
    ...{ entities, firstSeenAt, lastSeenAt },
    campaignId: null,
    comments: [],
    mergedInto: null,
    ...{ createdAt, updatedAt, version: 1 },
  };
}
