import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Match } from '../model/alert.ts';
import type { Event, Fields } from '../model/event.ts';
import { decodeEvent, encodeEvent } from './elasticsearch-encode.ts';
import { eventTemplate } from './elasticsearch-event-format.ts';
import { hostileFields } from './event.fixture.ts';

const received = '2026-11-20T01:00:00.000Z';
const head = { received, 'organization.id': 'kita', 'hinomi.source_id': 'kita.vpn' };
const makeEvent = (fields: Fields): Event => {
  const { received: _, ...source } = head;
  const event = {
    '@timestamp': received,
    'event.id': 'id',
    'event.ingested': received,
    'event.dataset': 'test',
    ...source,
  };
  for (const name of Object.keys(fields))
    Object.defineProperty(event, name, { value: fields[name], enumerable: true, configurable: true, writable: true });
  return event as unknown as Event;
};
const encode = (event: Event, matches: Match[] = []): Record<string, unknown> =>
  JSON.parse(encodeEvent(head, event, matches));
const mapped = new Set(
  Object.keys((eventTemplate('p') as { template: { mappings: { properties: object } } }).template.mappings.properties),
);

describe('an event as a document', () => {
  it('comes back as it was, whatever it holds, in fields that are mapped', () => {
    let plain = 0;
    let odd = 0;
    fc.assert(
      fc.property(hostileFields, (fields) => {
        const event = makeEvent(fields);
        const line = encodeEvent(head, event, []);
        expect(line.includes('\n')).toBe(false);
        const doc = JSON.parse(line);
        expect(Object.keys(doc).filter((name) => !mapped.has(name))).toEqual([]);
        expect(decodeEvent(doc)).toEqual(JSON.parse(JSON.stringify(event)));
        // What is parsed as fields must be Unicode; what is text may spell out anything.
        if (doc.odd === undefined) {
          plain++;
          const names = Object.keys(doc.rest ?? {});
          expect(names.every((name) => name.isWellFormed() && !name.includes('\0') && name !== '')).toBe(true);
          const values = [...Object.values(doc.rest ?? {}), ...Object.values(doc)].flat();
          expect(values.every((value) => typeof value !== 'string' || value.isWellFormed())).toBe(true);
        } else odd++;
        expect((doc.terms as string).isWellFormed()).toBe(true);
        expect((doc.terms as string).split(' ').every((word) => word.length <= 250 && !/\s/.test(word))).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(500);
    expect(odd).toBeGreaterThan(500);
  });

  it('lies in few fields: entities by name, the rest together, what the batch says once', () => {
    const event = makeEvent({ 'user.name': 'Bob', 'file.path': 'C:\\x', kind: 'mine', received });
    expect(encode(event)).toEqual({
      kind: 'event',
      '@timestamp': received,
      'event.id': 'id',
      ...head,
      'event.dataset': 'test',
      'user.name': 'Bob',
      rest: { 'file.path': 'C:\\x', kind: 'mine', received },
      terms: expect.stringContaining('user.name=bob'),
    });
  });

  it('keeps a time as it was written, and sorts by what it means', () => {
    for (const [written, sorted] of [
      ['2026-11-20T10:00:00+09:00', received],
      ['2026-11-20T01:00:00.000123Z', received],
      ['nonsense', received],
      ['-000001-01-01T00:00:00.000Z', Date.UTC(-1, 0, 1)],
      ['+275760-09-13T00:00:00.000Z', 8.64e15],
    ] as const) {
      const event = makeEvent({ '@timestamp': written });
      const doc = encode(event);
      expect(doc['@timestamp']).toBe(sorted);
      expect(decodeEvent(doc)).toEqual(event);
    }
  });

  it('carries its matches', () => {
    const fields = { 'user.name': 'half \ud800' };
    const match = { ruleId: 'r', eventId: 'id', memberId: 'kita', sourceId: 'kita.vpn', atMs: 1, fields };
    const doc = encode(makeEvent({}), [match, match]);
    expect(doc.matched).toBe(2);
    expect(JSON.parse(doc.matches as string)).toEqual([match, match]);
    expect(doc.odd).toBeUndefined();
  });
});
