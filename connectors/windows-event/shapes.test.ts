import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from '../../src/model/event.ts';
import { windowsEvent } from './index.ts';

const source = { timeZone: 'Asia/Tokyo', receivedAt: '2026-11-20T09:00:00.000Z', config: {} };

function parse(document: unknown): Fields {
  const [event, ...more] = windowsEvent.parse(JSON.stringify(document), source);
  expect(more).toEqual([]);
  return event as Fields;
}

const data = {
  TargetUserName: 'svc-meal',
  LogonType: '10',
  IpAddress: '10.20.3.7',
  IpPort: '-',
  TargetDomainName: 'EXAMPLE',
};
const expected = {
  '@timestamp': '2026-11-20T01:12:33.120Z',
  'winlog.channel': 'Security',
  'event.code': '4624',
  'winlog.provider_name': 'Microsoft-Windows-Security-Auditing',
  'winlog.record_id': '77',
  'winlog.process.pid': 672,
  'winlog.process.thread.id': 700,
  'host.name': 'ad01.example.jp',
  'user.name': 'svc-meal',
  'winlog.logon.type': '10',
  'source.ip': '10.20.3.7',
  'winlog.event_data.IpPort': '-',
  'winlog.event_data.TargetDomainName': 'EXAMPLE',
};

test.each([
  [
    'flat',
    {
      TimeCreated: '2026-11-20T10:12:33.12+09:00',
      '@timestamp': '2026-11-20T01:12:33.120Z',
      Channel: 'Security',
      EventID: 4624,
      SourceName: 'Microsoft-Windows-Security-Auditing',
      ProviderName: 'Microsoft-Windows-Security-Auditing',
      RecordNumber: 77,
      ProcessID: 672,
      ThreadID: 700,
      Hostname: 'ad01.example.jp',
      ...data,
    },
  ],
  [
    'Winlogbeat 6',
    {
      '@timestamp': '2026-11-20T01:12:33.120Z',
      log_name: 'Security',
      event_id: 4624,
      source_name: 'Microsoft-Windows-Security-Auditing',
      record_number: '77',
      process_id: 672,
      thread_id: 700,
      computer_name: 'ad01.example.jp',
      event_data: data,
    },
  ],
  [
    'Winlogbeat 8',
    {
      '@timestamp': '2026-11-20T01:12:33.120Z',
      event: { code: '4624', provider: 'Microsoft-Windows-Security-Auditing' },
      host: { name: 'ad01.example.jp' },
      winlog: {
        channel: 'Security',
        event_id: '4624',
        provider_name: 'Microsoft-Windows-Security-Auditing',
        record_id: 77,
        process: { pid: 672, thread: { id: 700 } },
        computer_name: 'ad01.example.jp',
        event_data: data,
      },
    },
  ],
  [
    'evtx_dump',
    {
      Event: {
        System: {
          Provider: { '#attributes': { Name: 'Microsoft-Windows-Security-Auditing' } },
          EventID: { '#text': 4624 },
          TimeCreated: { '#attributes': { SystemTime: '2026-11-20T01:12:33.12Z' } },
          EventRecordID: 77,
          Execution: { '#attributes': { ProcessID: 672, ThreadID: 700 } },
          Channel: 'Security',
          Computer: 'ad01.example.jp',
        },
        EventData: data,
      },
    },
  ],
  [
    'evtx_dump with attributes beside their elements',
    {
      Event: {
        System: {
          Provider_attributes: { Name: 'Microsoft-Windows-Security-Auditing' },
          EventID: 4624,
          TimeCreated_attributes: { SystemTime: '2026-11-20T01:12:33.12Z' },
          EventRecordID: 77,
          Execution_attributes: { ProcessID: 672, ThreadID: 700 },
          Channel: 'Security',
          Computer: 'ad01.example.jp',
        },
        EventData: {
          Data: Object.entries(data).map(([name, text]) => ({ '#attributes': { Name: name }, '#text': text })),
        },
      },
    },
  ],
])('%s: the same event has the same fields', (_shape, document) => {
  expect(parse(document)).toEqual(expected);
});

test('no value is lost and none is stored twice', () => {
  const name = fc.constantFrom(
    ...'Image CommandLine ProcessId User TargetFilename IpAddress IpPort TargetUserName LogonType ServiceName Provider_Name'.split(
      ' ',
    ),
    ...'ProviderName SourceName Computer Hostname UserID ThreadID ProcessID Message message Level Data Own.Name'.split(
      ' ',
    ),
  );
  const place = fc.record({
    channel: fc.constantFrom('Security', 'System', 'Microsoft-Windows-Sysmon/Operational', 'Application'),
    code: fc.constantFrom(1, 3, 7, 11, 104, 4624, 4688, 7045),
    names: fc.uniqueArray(name),
    shape: fc.constantFrom('flat', 'old', 'new', 'evtx'),
  });
  fc.assert(
    fc.property(place, ({ channel, code, names, shape }) => {
      const values = Object.fromEntries(names.map((key, index) => [key, `value ${index}`]));
      const document = {
        flat: { Channel: channel, EventID: code, ...values },
        old: { log_name: channel, event_id: code, event_data: values },
        new: { winlog: { channel, event_id: code, event_data: values } },
        evtx: { Event: { System: { Channel: channel, EventID: code }, EventData: values } },
      }[shape];
      const stored = Object.values(parse(document)).flat();
      expect(stored.toSorted()).toEqual([channel, String(code), ...Object.values(values)].toSorted());
    }),
    { numRuns: 200 },
  );
});
