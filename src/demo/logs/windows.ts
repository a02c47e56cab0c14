/** Windows events as agents send them: flat JSON, one event a line. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';

function event(
  host: string,
  member: DemoMember,
  atMs: number,
  channel: string,
  provider: string,
  id: number,
  data: Record<string, string | number>,
): string {
  return JSON.stringify({
    TimeCreated: new Date(atMs).toISOString(),
    Channel: channel,
    EventID: id,
    Provider_Name: provider,
    Computer: `${host}.${member.domain}`,
    EventRecordID: Math.floor(atMs / 10) % 1_000_000_000,
    ...data,
  });
}

const auditing = 'Microsoft-Windows-Security-Auditing';

export const logon = (
  member: DemoMember,
  host: string,
  atMs: number,
  user: string,
  address: string,
  type: number,
): string =>
  event(host, member, atMs, 'Security', auditing, 4624, {
    SubjectUserName: '-',
    TargetUserName: user,
    TargetDomainName: member.id.split('-')[0]?.toUpperCase() ?? '',
    LogonType: String(type),
    LogonProcessName: type === 10 ? 'User32' : 'Kerberos',
    AuthenticationPackageName: type === 10 ? 'Negotiate' : 'Kerberos',
    WorkstationName: '-',
    IpAddress: address,
    IpPort: String(49_152 + (atMs % 16_000)),
  });

export const logonFailure = (member: DemoMember, host: string, atMs: number, user: string, address: string): string =>
  event(host, member, atMs, 'Security', auditing, 4625, {
    TargetUserName: user,
    Status: '0xc000006d',
    SubStatus: '0xc000006a',
    LogonType: '3',
    IpAddress: address,
    IpPort: String(49_152 + (atMs % 16_000)),
  });

export const serviceInstalled = (member: DemoMember, host: string, atMs: number, name: string, path: string): string =>
  event(host, member, atMs, 'System', 'Service Control Manager', 7045, {
    ServiceName: name,
    ImagePath: path,
    ServiceType: 'user mode service',
    StartType: 'demand start',
    AccountName: 'LocalSystem',
  });

export const logCleared = (member: DemoMember, host: string, atMs: number, user: string): string =>
  event(host, member, atMs, 'Security', 'Microsoft-Windows-Eventlog', 1102, {
    SubjectUserName: user,
    SubjectDomainName: member.id.split('-')[0]?.toUpperCase() ?? '',
    SubjectLogonId: '0x3e1a42',
  });

const programs = [
  [
    'C:\\Windows\\explorer.exe',
    'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
    '"C:\\Program Files\\Mozilla Firefox\\firefox.exe"',
  ],
  [
    'C:\\Windows\\explorer.exe',
    'C:\\Program Files\\LibreOffice\\program\\soffice.exe',
    '"C:\\Program Files\\LibreOffice\\program\\soffice.exe" "C:\\業務\\予定表.ods"',
  ],
  [
    'C:\\Windows\\System32\\services.exe',
    'C:\\Windows\\System32\\svchost.exe',
    'C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule',
  ],
  ['C:\\Windows\\System32\\svchost.exe', 'C:\\Windows\\System32\\taskhostw.exe', 'taskhostw.exe'],
] as const;

export function ordinaryWindows(member: DemoMember, random: Random, atMs: number): string {
  const person = random.int(0, member.people.length - 1);
  const user = member.people[person] as string;
  const desktop = member.desktops[person] as { name: string; ip: string };
  const server = random.pick(member.servers).name;
  const kind = random.next();
  if (kind < 0.3) return logon(member, server, atMs, user, desktop.ip, 3);
  if (kind < 0.32) return logonFailure(member, server, atMs, user, desktop.ip);
  if (kind < 0.55) {
    return event(server, member, atMs, 'Security', auditing, 4634, {
      TargetUserName: user,
      TargetLogonId: `0x${random.int(1e6, 9e6).toString(16)}`,
      LogonType: '3',
    });
  }
  if (kind < 0.75) {
    const [parent, image, command] = random.pick(programs);
    return event(desktop.name, member, atMs, 'Security', auditing, 4688, {
      SubjectUserName: user,
      NewProcessId: `0x${random.int(1_000, 60_000).toString(16)}`,
      NewProcessName: image,
      ParentProcessName: parent,
      CommandLine: command,
      TokenElevationType: '%%1938',
    });
  }
  return event(server, member, atMs, 'Security', auditing, 4769, {
    TargetUserName: `${user}@${member.domain.toUpperCase()}`,
    ServiceName: `${server}$`,
    TicketEncryptionType: '0x12',
    TicketOptions: '0x40810000',
    Status: '0x0',
    IpAddress: `::ffff:${desktop.ip}`,
    IpPort: String(random.int(49_152, 65_535)),
  });
}
