/** The part of the store's contract that is about copying. Run by store.contract.ts, and from one adapter to the other. */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Match } from '../model/alert.ts';
import type { Event } from '../model/event.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { CopyableStore, CopyOptions, CopyPiece } from './copy.ts';
import { oddBatches } from './events.contract.ts';
import { kindNames } from './kinds.ts';
import { matchPages } from './records.contract.ts';
import { makeAlert, makeAudit, makeBatch, makeCampaign, makeIncident, type OpenedStore } from './store.fixture.ts';
import type { Change, Kind, WorkedBatch } from './store.ts';

const ever = { since: '0001-01-01T00:00:00.000Z', until: '9000-01-01T00:00:00.000Z' };

/** As a command does it: some pieces at a time. Answers the batches that were carried. */
export async function copy(from: CopyableStore, to: CopyableStore, options: CopyOptions = {}): Promise<string[]> {
  const carried: string[] = [];
  let pieces: CopyPiece[] = [];
  for await (const piece of from.copyOut(options)) {
    if (piece.kind === 'batch') carried.push(piece.batch.batchId);
    if (pieces.push(piece) < 7) continue;
    await to.copyIn(pieces);
    pieces = [];
  }
  await to.copyIn(pieces);
  return carried;
}

async function all<T>(page: (cursor?: string) => Promise<{ items: readonly T[]; next?: string }>): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const found = await page(cursor);
    items.push(...found.items);
    cursor = found.next;
    if (cursor === undefined) return items;
  }
}

const byText = <T>(items: readonly T[], text: (item: T) => string): T[] =>
  [...items].sort((a, b) => (text(a) < text(b) ? -1 : 1));

/** All that can be asked of a store, in an order of its own where the store's may differ. */
export async function portrait(
  store: CopyableStore,
  batches: readonly WorkedBatch[],
): Promise<Record<string, unknown>> {
  const docs: Partial<Record<Kind, unknown>> = {};
  for (const kind of kindNames)
    docs[kind] = await all((cursor) =>
      store.find(kind, CENTER_SCOPE, { limit: 1_000, order: 'oldest', ...(cursor !== undefined && { cursor }) }),
    );
  const events: Event[] = await all((cursor) =>
    store.findEvents(CENTER_SCOPE, { ...ever, limit: 1_000, ...(cursor !== undefined && { cursor }) }),
  );
  return {
    docs,
    events,
    byId: await store.getEvents(
      CENTER_SCOPE,
      batches.flatMap((batch) => batch.events.map((event) => event['event.id'])),
    ),
    outcomes: await Promise.all(
      batches.map(({ batchId, receivedAt }) => store.outcome(CENTER_SCOPE, batchId, receivedAt)),
    ),
    applied: [...(await store.applied(batches.map(({ batchId }) => batchId)))].sort(),
    rejects: await all((cursor) =>
      store.findRejects(CENTER_SCOPE, { limit: 1_000, ...(cursor !== undefined && { cursor }) }),
    ),
    matches: byText(
      (await matchPages(store, CENTER_SCOPE)).flat(),
      ({ atMs, eventId, ruleId }: Match) => `${atMs} ${eventId} ${ruleId}`,
    ),
    ledger: await store.ledger(CENTER_SCOPE, ever),
    progress: await store.progress(),
    census: byText(await store.census(), ({ of, memberId }) => `${of} ${memberId}`),
  };
}

async function expectSame(
  store: CopyableStore,
  batches: readonly WorkedBatch[],
  expected: Record<string, unknown>,
): Promise<void> {
  const found = await portrait(store, batches);
  for (const [part, value] of Object.entries(expected)) expect(found[part], part).toEqual(value);
}

const createdAt = '2026-11-20T01:00:00.000Z';
const session = (id: string, version = 1): Change => ({
  kind: 'session',
  doc: { id, userId: 'u1', kind: 'full', csrfToken: '', createdAt, expiresAt: createdAt, version },
});

const member = (id: string): Change => ({
  kind: 'member',
  doc: { id, name: `名前 ${id}`, kind: 'museum', timeZone: 'Asia/Tokyo', createdAt, version: 1 },
});

/** Events that break parsers, rejects of which some were replayed, days that retention took, documents of all ages. */
export async function fill(store: CopyableStore): Promise<{ gone: WorkedBatch; batches: readonly WorkedBatch[] }> {
  const odd = oddBatches().map((batch): WorkedBatch => {
    const matches = batch.events.slice(0, 3).map((event): Match => {
      const atMs = Date.parse(event['@timestamp']);
      const { memberId, sourceId } = batch;
      return { ruleId: 'rule', eventId: event['event.id'], memberId, sourceId, atMs, fields: { 'user.name': 'x' } };
    });
    return { ...batch, matches };
  });
  const hostile = JSON.parse('{"__proto__":"x","x\\",\\"event.id\\":\\"y":"z","a":"\\ud800,\\"event.id\\":\\""}');
  const late = makeBatch('late', { receivedAt: '2026-11-17T05:00:00.000Z', events: [hostile, {}], rejects: 2 });
  const gone = makeBatch('gone', { receivedAt: '2026-11-10T05:00:00.000Z', events: [{}], rejects: 1, matched: [0] });
  const rejects = makeBatch('rejects', { rejects: 5, memberId: 'minami' });
  const long = makeBatch('long', {
    memberId: 'nishi',
    events: Array.from({ length: 700 }, (_, index) => ({ message: `n${index}` })),
    offsets: Array.from({ length: 700 }, (_, index) => index >> 2),
    matched: [0, 699],
  });
  const batches = [gone, ...odd, late, rejects, long, makeBatch('empty', {})];
  await store.putBatches(batches.slice(0, 12));
  for (const batch of batches.slice(12)) await store.putBatches([batch]);
  const replayed = [rejects.rejects[1]?.id as string, late.rejects[0]?.id as string];
  await store.removeRejects(CENTER_SCOPE, replayed);
  const refused = { memberId: 'kita', sourceId: 'kita.vpn', hour: '2026-11-20T03:00:00.000Z', records: 5 };
  await store.addRefused([refused, { ...refused, hour: '2026-11-10T03:00:00.000Z' }]);
  await store.addRefused([refused]);

  const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
  await release();
  for (const [index, { batchId, receivedAt }] of batches.slice(0, -1).entries())
    await store.save([], { batches: [{ batchId, receivedAt, alerts: index, newestMs: 1_000 + index }], term });
  await store.save([], { advancedMs: 77, term });
  await store.save([
    ...['kita', 'minami', 'nishi'].map(member),
    ...Array.from(
      { length: 1_205 },
      (_, index): Change => ({
        kind: 'alert',
        doc: makeAlert(`a${index}`, { memberId: ['kita', 'minami'][index % 2] as string }),
      }),
    ),
    { kind: 'alert', doc: makeAlert('検知 "1"', { title: 'half \ud800 a pair\u0000' }) },
    { kind: 'incident', doc: makeIncident('i1') },
    { kind: 'campaign', doc: makeCampaign('c1', ['kita', 'minami']) },
    { kind: 'audit', doc: makeAudit('1') },
    { kind: 'audit', doc: makeAudit('2', { memberId: null }) },
    session('s1'),
    session('s2'),
  ]);
  await store.save([{ kind: 'alert', doc: makeAlert('a7', { version: 2, memberId: 'minami', status: 'closed' }) }]);
  await store.save([{ ...session('s2', 2), remove: true } as Change]);
  expect(await store.prune('2026-11-11')).toEqual(['2026-11-10']);
  return { gone, batches: batches.slice(1) };
}

export function copyContract(open: () => OpenedStore): void {
  describe('copying', () => copyingContract(open(), open()));
  describe('copying a part', () => partContract(open(), open()));
  describe('copying while the center works', () => workingContract(open(), open()));
}

export function copyingContract(from: OpenedStore, to: OpenedStore): void {
  it('carries everything, and the same again changes nothing', { timeout: 120_000 }, async () => {
    const { gone, batches } = await fill(from.store);
    const before = await portrait(from.store, batches);
    const all = new Set([gone, ...batches].map(({ batchId }) => batchId));
    expect(await to.store.lacking([gone, ...batches])).toEqual(all);
    expect(await copy(from.store, to.store)).toHaveLength(batches.length);
    await expectSame(to.store, batches, before);
    await copy(from.store, to.store);
    await expectSame(to.store, batches, before);
    await to.reopen();
    await expectSame(to.store, batches, before);
    await expectSame(from.store, batches, before);
    // The one that was removed is known by its sums alone.
    expect([...(await to.store.lacking([gone, ...batches]))]).toEqual([gone.batchId]);
  });

  it('carries what changed since, and reads no batch that is there', { timeout: 120_000 }, async () => {
    const { store } = from;
    const wanted = to.store.lacking;
    expect(await copy(store, to.store, { wanted })).toEqual([]);
    const more = makeBatch('more', { receivedAt: '2026-11-21T05:00:00.000Z', events: [{}], rejects: 1, matched: [0] });
    const again = makeBatch('again', { receivedAt: '2026-11-18T06:00:00.000Z', events: [{ message: 'late' }] });
    await store.putBatches([more, again]);
    const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
    await release();
    const doc = makeAlert('a8', { version: 2, count: 9 });
    await store.save([{ kind: 'alert', doc }], { batches: [{ ...more, alerts: 1, newestMs: 5_000_000 }], term });
    await store.save([
      { ...session('s1', 2), remove: true } as Change,
      session('s3'),
      { kind: 'audit', doc: makeAudit('3') },
    ]);
    const rejects = (await store.findRejects(CENTER_SCOPE, { limit: 3 })).items;
    await store.removeRejects(CENTER_SCOPE, [rejects[1]?.id as string]);
    await store.addRefused([{ memberId: 'kita', sourceId: 'kita.vpn', hour: '2026-11-20T03:00:00.000Z', records: 1 }]);
    // Retention goes on between two passes.
    await store.prune('2026-11-18');
    expect((await copy(store, to.store, { wanted })).sort()).toEqual([again.batchId, more.batchId].sort());
    await expectSame(to.store, [more, again], await portrait(store, [more, again]));
  });

  it('lets a later version stay', { timeout: 120_000 }, async () => {
    const doc = makeAlert('stays', { version: 7, count: 7 });
    const docs = (one: typeof doc): CopyPiece => ({
      kind: 'docs',
      of: 'alert',
      after: 'stax',
      upTo: 'stayz',
      docs: [one],
    });
    await to.store.copyIn([docs(doc)]);
    await to.store.copyIn([docs({ ...doc, version: 6, count: 6 }), docs({ ...doc, count: 1 })]);
    expect(await to.store.get('alert', CENTER_SCOPE, 'stays')).toEqual(doc);
    await to.store.copyIn([docs({ ...doc, version: 9, count: 9 })]);
    expect(await to.store.get('alert', CENTER_SCOPE, 'stays')).toMatchObject({ version: 9, count: 9 });
    // Whoever changes it then goes on from there.
    await to.store.save([{ kind: 'alert', doc: { ...doc, version: 10, count: 10 } }]);
    expect(await to.store.get('alert', CENTER_SCOPE, 'stays')).toMatchObject({ version: 10 });
  });

  it('is known by an id of its own, and remembers what it was made of', { timeout: 120_000 }, async () => {
    const [one, two] = [await from.store.identity(), await to.store.identity()];
    expect(one.id).not.toBe(two.id);
    expect(one.terms).toBeGreaterThan(0);
    expect(two).toMatchObject({ terms: 0, origin: undefined });
    const origin = { from: one.id, terms: 0, finished: false };
    await to.store.setOrigin(origin);
    await to.reopen();
    expect(await to.store.identity()).toEqual({ ...two, origin });
    await to.store.setOrigin({ ...origin, finished: true });
    expect((await to.store.identity()).origin?.finished).toBe(true);
  });
}

export function partContract(from: OpenedStore, to: OpenedStore): void {
  it('tells days that are left out as sums', { timeout: 120_000 }, async () => {
    const { batches } = await fill(from.store);
    const sinceDay = '2026-11-20';
    const carried = await copy(from.store, to.store, { sinceDay });
    const young = batches.filter(({ receivedAt }) => receivedAt >= sinceDay);
    expect(carried.sort()).toEqual(young.map(({ batchId }) => batchId).sort());
    const [before, after] = [await portrait(from.store, young), await portrait(to.store, young)];
    for (const part of ['docs', 'byId', 'outcomes', 'applied', 'ledger', 'progress'])
      expect(after[part], part).toEqual(before[part]);
    const events = (before.events as Event[]).filter((event) => event['event.ingested'] >= sinceDay);
    expect(after.events).toEqual(events);
    expect(await to.store.applied([batches[0]?.batchId as string])).toEqual(new Map());
  });
}

export function workingContract(from: OpenedStore, to: OpenedStore): void {
  it('gives documents and marks of one moment', { timeout: 120_000 }, async () => {
    const { store } = from;
    await store.save(
      Array.from({ length: 1_500 }, (_, index): Change => ({ kind: 'alert', doc: makeAlert(`b${index}`) })),
    );
    await store.save([
      { kind: 'alert', doc: makeAlert('a', { count: 0 }) },
      { kind: 'alert', doc: makeAlert('z', { count: 0 }) },
    ]);
    const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
    await release();
    let working = true;
    let applied = 0;
    // As much for each round: a quick store would have done all of it in the first, and a copy waits at every batch there is.
    let allowed = 0;
    const work = (async () => {
      while (working) {
        if (applied === allowed) {
          await pause(1);
          continue;
        }
        const batch = makeBatch(`live ${applied}`, { events: [{}], matched: [0] });
        await store.putBatches([batch]);
        const changes = ['a', 'z'].map(
          (id): Change => ({ kind: 'alert', doc: makeAlert(id, { count: applied + 1, version: applied + 2 }) }),
        );
        await store.save([...changes, session(`s${applied}`)], {
          batches: [{ ...batch, alerts: 2, newestMs: applied }],
          term,
        });
        applied++;
      }
    })();
    for (let round = 0; round < 3; round++) {
      const pieces: CopyPiece[] = [];
      allowed += 60;
      for await (const piece of store.copyOut()) {
        pieces.push(piece);
        await pause(5);
      }
      const of = <K extends CopyPiece['kind']>(kind: K) =>
        pieces.filter((piece) => piece.kind === kind) as Extract<CopyPiece, { kind: K }>[];
      const docs = new Map(
        of('docs').flatMap((piece) => piece.docs.map((doc) => [`${piece.of} ${doc.id}`, doc] as const)),
      );
      const marks = new Set(of('marks').flatMap((piece) => piece.marks.map(({ batchId }) => batchId)));
      const batches = new Set(of('batch').map(({ batch }) => batch.batchId));
      const told = {
        a: docs.get('alert a'),
        z: docs.get('alert z'),
        sessions: [...docs.keys()].filter((key) => key.startsWith('session')).length,
      };
      expect(told).toMatchObject({ a: { count: marks.size }, z: { count: marks.size }, sessions: marks.size });
      expect([...marks].filter((id) => !batches.has(id))).toEqual([]);
      expect(of('progress')[0]?.progress.appliedMs).toBe(marks.size === 0 ? undefined : marks.size - 1);
      await to.store.copyIn(pieces);
    }
    working = false;
    await work;
    expect(applied).toBeGreaterThan(3);
    await copy(store, to.store, { wanted: to.store.lacking });
    await expectSame(to.store, [], await portrait(store, []));
  });
}
