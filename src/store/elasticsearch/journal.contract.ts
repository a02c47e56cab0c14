/**
 * What the journal promises beyond the store's contract, on every version of Elasticsearch: several processes at once, and writers
 * that die at the worst moment.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { CENTER_SCOPE } from '../../model/scope.ts';
import { openElasticsearchStore } from '../elasticsearch.ts';
import { makeAlert } from '../store.fixture.ts';
import { type Change, Deposed, type Store, StoreUnavailable, VersionConflict } from '../store.ts';
import { connectElasticsearch, type Elastic, type Request } from './connection.ts';
import { createDocReads } from './docs.ts';
import { type Journal, journalIndex, openJournal } from './journal.ts';
import { createLeads } from './lead.ts';
import { createFreshness } from './refresh.ts';

type Intercept = (request: Request, pass: () => Promise<unknown>) => Promise<unknown>;

interface Process {
  readonly journal: Journal;
  readonly docs: Pick<Store, 'find' | 'get' | 'count'>;
  readonly elastic: Elastic;
  /** From now on every request goes through it; undefined: none does. */
  intercept: Intercept | undefined;
}

/** `url`: asked for when the first test begins. Leaves its indices, whose names begin with `prefix` and "-". */
export function journalContract(url: () => string, prefix: string): void {
  // Each test makes a store's indices, on a machine that may be busy.
  describe('journal contract', { timeout: 60_000 }, () => journalTests(url, prefix));
}

function journalTests(url: () => string, prefix: string): void {
  const connections: Elastic[] = [];
  afterAll(async () => {
    await Promise.all(connections.map((elastic) => elastic.close()));
  });

  /** As another process would open it. */
  async function begin(name: string): Promise<Process> {
    const options = { urls: [url()], prefix: `${prefix}-${name}` };
    // Makes the indices.
    await (await openElasticsearchStore(options)).close();
    const real = await connectElasticsearch(options);
    connections.push(real);
    const process: { -readonly [Part in keyof Process]: Process[Part] } = {
      elastic: {
        ...real,
        request: (request) =>
          (process.intercept === undefined
            ? real.request(request)
            : process.intercept(request, () => real.request(request))) as never,
      },
      intercept: undefined,
      journal: undefined as never,
      docs: undefined as never,
    };
    const fresh = createFreshness(process.elastic);
    process.docs = createDocReads(process.elastic, fresh);
    process.journal = await openJournal(process.elastic, fresh);
    return process;
  }

  const alert = (id: string, wish: Parameters<typeof makeAlert>[1] = {}): Change => ({
    kind: 'alert',
    doc: makeAlert(id, wish),
  });
  const dies = new StoreUnavailable('the process dies here');

  it('puts what many processes write at once one after the other', async () => {
    const processes = await Promise.all([begin('many'), begin('many'), begin('many')]);
    const saves = Array.from({ length: 60 }, (_, index) =>
      (processes[index % 3] as Process).journal.save([alert(`m${index}`), alert(`n${index}`)]),
    );
    expect(await Promise.all(saves)).toEqual(saves.map(() => true));
    const last = processes[0] as Process;
    const found = await Promise.all(
      Array.from({ length: 60 }, (_, index) => last.docs.get('alert', CENTER_SCOPE, `n${index}`)),
    );
    expect(found.filter((doc) => doc === undefined)).toEqual([]);
    const journal = journalIndex(last.elastic.prefix);
    await last.elastic.request({ method: 'POST', path: `/${journal}/_refresh` });
    const { body } = await last.elastic.request<{ count: number }>({ method: 'GET', path: `/${journal}/_count` });
    expect(body.count).toBe(60);
  });

  it('lets one of many who change the same document win each version', async () => {
    const processes = await Promise.all([begin('same'), begin('same'), begin('same')]);
    await processes[0]?.journal.save([alert('hot')]);
    let conflicts = 0;
    await Promise.all(
      processes.map(async ({ journal, docs }, index) => {
        for (let done = 0; done < 10; ) {
          const before = await docs.get('alert', CENTER_SCOPE, 'hot');
          if (before === undefined) throw new Error('the document is gone');
          try {
            const doc = { ...before, version: before.version + 1, count: before.count + 1, assignee: `p${index}` };
            await journal.save([{ kind: 'alert', doc }]);
            done++;
          } catch (error) {
            if (!(error instanceof VersionConflict)) throw error;
            conflicts++;
          }
        }
      }),
    );
    expect(await processes[0]?.docs.get('alert', CENTER_SCOPE, 'hot')).toMatchObject({ count: 31, version: 31 });
    expect(conflicts).toBeGreaterThan(0);
  });

  it.each<['next writer' | 'restart']>([['next writer'], ['restart']])(
    'finishes what a writer left that died after the commit, by the %s',
    async (by) => {
      const name = by.replace(' ', '');
      const [dying, other] = await Promise.all([begin(name), begin(name)]);
      await dying.journal.save([alert('before')]);
      // Half of the entry is applied, then nothing more.
      dying.intercept = async ({ path }, pass) => {
        if (path !== '/_bulk') return pass();
        throw dies;
      };
      await expect(dying.journal.save([alert('left-1'), alert('left-2')])).rejects.toThrow(dies.message);
      expect(await other.docs.get('alert', CENTER_SCOPE, 'left-1')).toBeUndefined();
      const next = by === 'restart' ? await begin(name) : other;
      if (by === 'next writer') await next.journal.save([alert('after')]);
      for (const id of ['before', 'left-1', 'left-2'])
        expect(await next.docs.get('alert', CENTER_SCOPE, id)).toEqual(makeAlert(id));
      // The one who died was not dead, only late: what it does now changes nothing that came after.
      await next.journal.save([alert('left-1', { version: 2, status: 'closed' })]);
      dying.intercept = undefined;
      await dying.journal.save([alert('late')]);
      expect(await next.docs.get('alert', CENTER_SCOPE, 'left-1')).toMatchObject({ version: 2, status: 'closed' });
    },
  );

  it('knows its own entry again when the answer was lost and the request repeated', async () => {
    const process = await begin('lost');
    let commits = 0;
    process.intercept = async ({ path }, pass) => {
      if (path.includes('/_create/')) {
        commits++;
        await pass();
      }
      return pass();
    };
    expect(await process.journal.save([alert('once')])).toBe(true);
    expect(commits).toBe(1);
    process.intercept = undefined;
    expect(await process.docs.get('alert', CENTER_SCOPE, 'once')).toEqual(makeAlert('once'));
    expect(await process.journal.save([alert('once', { version: 2 })])).toBe(true);
  });

  it('refuses one who was paused while another took over', async () => {
    const [paused, other] = await Promise.all([begin('lead'), begin('lead')]);
    const leads = [paused, other].map(({ elastic, journal }) =>
      createLeads(elastic, createFreshness(elastic), journal, 400),
    );
    const first = await (leads[0] as (typeof leads)[0]).takeLead('first', AbortSignal.timeout(5_000));
    const receivedAt = '2026-11-20T01:00:00.000Z';
    const mark = (batchId: string, term: number) => ({
      batches: [{ batchId, receivedAt, alerts: 1, newestMs: 7 }],
      term,
    });
    await paused.journal.save([alert('led-1')], mark('b1', first.term));
    // It hears nothing and says nothing for a while, its next save already under way.
    let resume: () => void = () => undefined;
    const pause = new Promise<void>((resolve) => {
      resume = resolve;
    });
    paused.intercept = async ({ path }, pass) => {
      if (path.includes('/_doc/beat') || path.includes('/_create/')) await pause;
      return pass();
    };
    const late = paused.journal.save([alert('led-2')], mark('b2', first.term));
    late.catch(() => undefined);
    const second = await (leads[1] as (typeof leads)[0]).takeLead('second', AbortSignal.timeout(8_000));
    expect(second.term).toBe(first.term + 1);
    await other.journal.save([alert('led-2', { count: 5 })], mark('b2', second.term));
    resume();
    await expect(late).rejects.toThrow(Deposed);
    await expect.poll(() => first.lost.aborted).toBe(true);
    expect(await other.docs.get('alert', CENTER_SCOPE, 'led-2')).toMatchObject({ count: 5, version: 1 });
    // Told to release, the one that lost does not end the other's lead.
    await first.release();
    const third = (leads[0] as (typeof leads)[0]).takeLead('third', AbortSignal.timeout(900));
    await expect(third).rejects.toThrow(/timeout/);
    await second.release();
  });

  it('trims what is old, and removed documents can come back', async () => {
    const process = await begin('trim');
    const { journal, docs, elastic } = process;
    await journal.save([alert('gone')]);
    await journal.save([{ ...alert('gone', { version: 2 }), remove: true } as Change]);
    await journal.trim(Date.now() + 25 * 3_600_000);
    // Refreshes what was written.
    await docs.find('alert', CENTER_SCOPE, { limit: 1 });
    const { body } = await elastic.request<{ hits: { total: { value: number } } }>({
      method: 'POST',
      path: `/${elastic.prefix}-doc-alert/_search`,
      body: { query: { term: { removed: true } } },
    });
    expect(body.hits.total.value).toBe(0);
    expect(await journal.save([alert('gone', { count: 9 })])).toBe(true);
    expect(await docs.get('alert', CENTER_SCOPE, 'gone')).toMatchObject({ count: 9, version: 1 });
  });
}
