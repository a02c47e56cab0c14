import { describe, expect, test } from 'vitest';
import { RecordError } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';
import { fortinetFortigate } from './index.ts';
import { scanPairs } from './pairs.ts';

function parse(record: string, timeZone = 'Asia/Tokyo'): Fields {
  const source = { timeZone, receivedAt: '2026-11-20T09:00:00.000Z', config: {} };
  return fortinetFortigate.parse(record, source)[0] as Fields;
}

describe('time', () => {
  const wall = 'date=2026-11-20 time=03:41:07';
  test.each([
    ['eventtime in seconds', `${wall} eventtime=1795113667 tz="+0900"`, '2026-11-19T18:41:07.000Z'],
    ['in milliseconds', `${wall} eventtime=1795113667123 tz="+0900"`, '2026-11-19T18:41:07.123Z'],
    ['in microseconds', `${wall} eventtime=1795113667123456 tz="+0900"`, '2026-11-19T18:41:07.123Z'],
    ['in nanoseconds', `${wall} eventtime=1795113667123456789 tz="+0900"`, '2026-11-19T18:41:07.123Z'],
    ['eventtime before a zone of its own', `${wall} eventtime=1795113667 tz="-0500"`, '2026-11-19T18:41:07.000Z'],
    ['wall time and tz', `${wall} tz="+0530"`, '2026-11-19T22:11:07.000Z'],
    ['wall time and short tz', `${wall} tz="UTC-3"`, '2026-11-20T06:41:07.000Z'],
    ['wall time in the zone of the source', wall, '2026-11-19T18:41:07.000Z'],
    ['eventtime of no year that can be', `${wall} eventtime=12`, '2026-11-19T18:41:07.000Z'],
    ['none but the header', 'Nov 20 04:10:00 relay01 vd="root"', '2026-11-19T19:10:00.000Z'],
  ])('%s', (_name, text, expected) => {
    expect(parse(`${text} devname="FG" logid="1"`)['@timestamp']).toBe(expected);
  });

  test('what was not understood keeps its own name', () => {
    const fields = parse('date=2026-02-30 time=03:41:07 eventtime=soon devname="FG"');
    expect(fields['@timestamp']).toBe(undefined);
    expect(fields['fortinet.fortigate.date']).toBe('2026-02-30');
    expect(fields['fortinet.fortigate.eventtime']).toBe('soon');
  });
});

describe('outcome', () => {
  test.each([
    ['action="ssl-login-fail"', 'failure'],
    ['action="tunnel-up" tunneltype="ssl-tunnel"', 'success'],
    ['action="tunnel-up" tunneltype="ipsec"', undefined],
    ['action="ssl-new-con"', undefined],
    ['action="login" status="success"', 'success'],
    ['action="login" status="failed"', 'failure'],
    ['action="deny"', undefined],
    ['action="constructor" status="success"', undefined],
  ])('%s', (text, expected) => {
    expect(parse(`logid="1" ${text}`)['event.outcome']).toBe(expected);
  });
});

describe('scanPairs', () => {
  test.each([
    [
      'a=1 b="x y" c=',
      [
        ['a', '1'],
        ['b', 'x y'],
        ['c', ''],
      ],
      false,
      false,
    ],
    [
      'a="x=\\"1\\" b=2" c=3',
      [
        ['a', 'x="1" b=2'],
        ['c', '3'],
      ],
      false,
      false,
    ],
    [
      'a="User "bob" (x=y)" b=2',
      [
        ['a', 'User "bob" (x=y)'],
        ['b', '2'],
      ],
      false,
      false,
    ],
    [
      'a="C:\\\\" b=2',
      [
        ['a', 'C:\\\\'],
        ['b', '2'],
      ],
      false,
      false,
    ],
    ['a="cut', [['a', 'cut']], true, false],
    ['a="cut\\', [['a', 'cut\\']], true, false],
    ['a="x" cu', [['a', 'x']], true, false],
    [
      'a=1 word b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
      false,
      true,
    ],
    ['__proto__="a b=c" d=4', [['d', '4']], false, true],
    [
      'date=1,time=2,a="x, y",b=3',
      [
        ['date', '1'],
        ['time', '2'],
        ['a', 'x, y'],
        ['b', '3'],
      ],
      false,
      false,
    ],
    [
      'a=1,2 b=3',
      [
        ['a', '1,2'],
        ['b', '3'],
      ],
      false,
      false,
    ],
  ] as const)('%s', (text, list, truncated, passedOver) => {
    expect(scanPairs(text)).toEqual({ list, truncated, passedOver });
  });

  test('refuses more fields than a line can have', () => {
    const text = Array.from({ length: 401 }, (_, index) => `k${index}=1`).join(' ');
    expect(() => scanPairs(text)).toThrow(RecordError);
  });
});
