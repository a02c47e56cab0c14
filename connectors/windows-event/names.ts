/**
 * Where the values of a Windows event go: the tables that detection's field mapping (rules/fields/) mirrors. A name that is not
 * here keeps itself under winlog.event_data. Add a name here only together with its entry there.
 */
import { isIP } from 'node:net';
import type { Scalar } from '../../src/model/event.ts';

/** A value -> what the field holds; undefined when the value does not fit the field, and keeps its own name then. */
export type Read = (value: Scalar) => Scalar | undefined;
export type Target = readonly [field: string, read: Read];

const asIs: Read = (value) => value;
const asString: Read = (value) => String(value);
// A zone ("fe80::1%12") passes isIP, yet no store takes it for an address.
const asIp: Read = (value) =>
  typeof value === 'string' && isIP(value) !== 0 && !value.includes('%') ? value : undefined;

const asNumber: Read = (value) => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  return typeof value === 'string' && /^(?:0|[1-9]\d{0,9})$/.test(value) ? Number(value) : undefined;
};
const asPid: Read = (value) =>
  typeof value === 'string' && /^0x[0-9a-f]{1,8}$/i.test(value) ? Number(value) : asNumber(value);
const asPort: Read = (value) => {
  const port = asNumber(value);
  return typeof port === 'number' && port <= 65_535 ? port : undefined;
};
const asUsedPort: Read = (value) => (asPort(value) === 0 ? undefined : asPort(value));

/** The System part: field, how it is read, and the names of it in flat records, the first found being it. */
export const systemNames: readonly (readonly [field: string, read: Read, names: readonly string[]])[] = [
  ['winlog.channel', asIs, ['Channel']],
  ['event.code', asString, ['EventID']],
  ['winlog.provider_name', asIs, ['Provider_Name', 'ProviderName', 'SourceName']],
  ['host.name', asIs, ['Computer', 'Hostname']],
  ['winlog.record_id', asString, ['EventRecordID', 'RecordNumber']],
  ['winlog.level', asIs, ['Level']],
  ['winlog.keywords', asIs, ['Keywords']],
  ['winlog.task', asIs, ['Task']],
  ['winlog.opcode', asIs, ['Opcode']],
  ['winlog.process.pid', asPid, ['Execution_ProcessID', 'ExecutionProcessID']],
  ['winlog.process.thread.id', asPid, ['Execution_ThreadID', 'ExecutionThreadID', 'ThreadID']],
  ['winlog.user.identifier', asIs, ['Security_UserID', 'UserID']],
  ['winlog.version', asIs, ['Version']],
  ['winlog.provider_guid', asIs, ['Provider_Guid', 'ProviderGuid']],
  ['winlog.activity_id', asIs, ['Correlation_ActivityID', 'ActivityID']],
  ['winlog.related_activity_id', asIs, ['Correlation_RelatedActivityID', 'RelatedActivityID']],
  ['message', asIs, ['Message', 'message']],
];

/** How each System field is read, whatever its name in the record. */
export const systemReads: ReadonlyMap<string, Read> = new Map(systemNames.map(([field, read]) => [field, read]));

/** Winlogbeat up to 6: top-level name -> field. */
export const oldBeatNames: ReadonlyMap<string, string> = new Map([
  ['log_name', 'winlog.channel'],
  ['event_id', 'event.code'],
  ['source_name', 'winlog.provider_name'],
  ['computer_name', 'host.name'],
  ['record_number', 'winlog.record_id'],
  ['level', 'winlog.level'],
  ['keywords', 'winlog.keywords'],
  ['task', 'winlog.task'],
  ['opcode', 'winlog.opcode'],
  ['process_id', 'winlog.process.pid'],
  ['thread_id', 'winlog.process.thread.id'],
  ['version', 'winlog.version'],
  ['provider_guid', 'winlog.provider_guid'],
  ['activity_id', 'winlog.activity_id'],
  ['related_activity_id', 'winlog.related_activity_id'],
  ['message', 'message'],
  ['user.identifier', 'winlog.user.identifier'],
  ['user.name', 'winlog.user.name'],
  ['user.domain', 'winlog.user.domain'],
  ['user.type', 'winlog.user.type'],
  ['tags', 'tags'],
]);

/** Winlogbeat from 7: path -> field, where it is not the path itself. */
export const beatNames: ReadonlyMap<string, string> = new Map([
  ['winlog.event_id', 'event.code'],
  ['winlog.computer_name', 'host.name'],
  ['event.provider', 'winlog.provider_name'],
  ['log.level', 'winlog.level'],
]);

/** evtx_dump: path below System, attributes joined by a dot -> field. */
export const evtxNames: ReadonlyMap<string, string> = new Map([
  ['Channel', 'winlog.channel'],
  ['EventID', 'event.code'],
  ['Provider.Name', 'winlog.provider_name'],
  ['Provider.Guid', 'winlog.provider_guid'],
  ['Computer', 'host.name'],
  ['EventRecordID', 'winlog.record_id'],
  ['Level', 'winlog.level'],
  ['Keywords', 'winlog.keywords'],
  ['Task', 'winlog.task'],
  ['Opcode', 'winlog.opcode'],
  ['Execution.ProcessID', 'winlog.process.pid'],
  ['Execution.ThreadID', 'winlog.process.thread.id'],
  ['Security.UserID', 'winlog.user.identifier'],
  ['Version', 'winlog.version'],
  ['Correlation.ActivityID', 'winlog.activity_id'],
  ['Correlation.RelatedActivityID', 'winlog.related_activity_id'],
]);

/** How ECS fields that an agent has filled must look to be believed; what does not fit goes to winlog.sender. */
export const ecsReads: ReadonlyMap<string, Read> = new Map([
  ...systemReads,
  ...['source', 'destination', 'client', 'server'].flatMap((side): [string, Read][] => [
    [`${side}.ip`, asIp],
    [`${side}.port`, asPort],
  ]),
  ['host.ip', asIp],
  ['related.ip', asIp],
  ['process.pid', asPid],
  ['process.parent.pid', asPid],
  ['winlog.logon.type', asString],
]);

/** ECS groups that agents fill by themselves, and the single names of the group "event". All else is winlog.sender.*. */
export const ecsGroups: ReadonlySet<string> = new Set(
  'agent destination dll dns ecs file group host log network powershell process registry related service source url user winlog'.split(
    ' ',
  ),
);
export const ecsNames: ReadonlySet<string> = new Set(
  'event.action event.category event.code event.created event.end event.kind event.outcome event.reason event.start event.type message tags'.split(
    ' ',
  ),
);

type DataNames = Readonly<Record<string, Target>>;

const sysmonNames: DataNames = {
  Image: ['process.executable', asIs],
  ProcessId: ['process.pid', asPid],
  ProcessGuid: ['process.entity_id', asIs],
  User: ['user.name', asIs],
};
const sysmonFile: DataNames = { TargetFilename: ['file.path', asIs] };
const sysmonRegistry: DataNames = { TargetObject: ['registry.path', asIs] };
const sysmonByCode: Readonly<Record<string, DataNames>> = {
  1: {
    CommandLine: ['process.command_line', asIs],
    CurrentDirectory: ['process.working_directory', asIs],
    ParentImage: ['process.parent.executable', asIs],
    ParentCommandLine: ['process.parent.command_line', asIs],
    ParentProcessId: ['process.parent.pid', asPid],
    ParentProcessGuid: ['process.parent.entity_id', asIs],
  },
  2: sysmonFile,
  3: {
    SourceIp: ['source.ip', asIp],
    SourcePort: ['source.port', asPort],
    SourceHostname: ['source.domain', asIs],
    DestinationIp: ['destination.ip', asIp],
    DestinationPort: ['destination.port', asPort],
    DestinationHostname: ['destination.domain', asIs],
    Protocol: ['network.transport', asIs],
  },
  7: { ImageLoaded: ['dll.path', asIs] },
  11: sysmonFile,
  12: sysmonRegistry,
  13: sysmonRegistry,
  14: sysmonRegistry,
  15: sysmonFile,
  22: { QueryName: ['dns.question.name', asIs] },
  23: sysmonFile,
  26: sysmonFile,
};

const logon: DataNames = {
  TargetUserName: ['user.name', asIs],
  IpAddress: ['source.ip', asIp],
  IpPort: ['source.port', asUsedPort],
};
const typedLogon: DataNames = { ...logon, LogonType: ['winlog.logon.type', asString] };
const logCleared: DataNames = { SubjectUserName: ['user.name', asIs] };
const serviceInstalled: DataNames = { ServiceName: ['service.name', asIs] };
const scriptBlock: DataNames = { ScriptBlockText: ['powershell.file.script_block_text', asIs] };

const byChannel: Readonly<Record<string, Readonly<Record<string, DataNames>>>> = {
  security: {
    1102: logCleared,
    4624: typedLogon,
    4625: typedLogon,
    4648: logon,
    4688: {
      NewProcessName: ['process.executable', asIs],
      CommandLine: ['process.command_line', asIs],
      ProcessCommandLine: ['process.command_line', asIs],
      NewProcessId: ['process.pid', asPid],
      ParentProcessName: ['process.parent.executable', asIs],
      ParentProcessId: ['process.parent.pid', asPid],
    },
    4697: serviceInstalled,
    4768: logon,
    4769: logon,
    4771: logon,
    4776: logon,
  },
  system: { 104: logCleared, 7045: serviceInstalled },
  'microsoft-windows-powershell/operational': { 4104: scriptBlock },
  'powershellcore/operational': { 4104: scriptBlock },
};

const SYSMON = 'microsoft-windows-sysmon/operational';

const tables: ReadonlyMap<string, ReadonlyMap<string, Target>> = new Map([
  ...Object.entries(byChannel).flatMap(([channel, codes]) =>
    Object.entries(codes).map(([code, names]) => [`${channel}:${code}`, new Map(Object.entries(names))] as const),
  ),
  ...Object.entries(sysmonByCode).map(
    ([code, names]) => [`${SYSMON}:${code}`, new Map(Object.entries({ ...sysmonNames, ...names }))] as const,
  ),
  [SYSMON, new Map(Object.entries(sysmonNames))] as const,
]);
const nothing: ReadonlyMap<string, Target> = new Map();

/** The names of an event's data that have an ECS field. Channels compare without case. */
export function dataNames(channel: string, code: string): ReadonlyMap<string, Target> {
  const folded = channel.toLowerCase();
  return tables.get(`${folded}:${code}`) ?? (folded === SYSMON ? tables.get(SYSMON) : undefined) ?? nothing;
}

/** Whether UtcTime is when the event happened. */
export function hasUtcTime(channel: string): boolean {
  return channel.toLowerCase() === SYSMON;
}
