/** What every queue must do, whatever it is built on. An adapter's test is one call of this. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job, LeasedJob, Queue, WorkOptions } from './queue.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  /** Ends the queue as a crash would leave it (no handler is told) and opens it again on the same data. */
  reopen(): Promise<Queue>;
  dispose(): Promise<void>;
}

const options: WorkOptions = { maxJobs: 1, maxBytes: 1_000_000, leaseMs: 5_000, maxAttempts: 2 };

const job = (id: string, memberId = 'a', records = 1): Job => ({
  id,
  memberId,
  sourceId: `${memberId}.s`,
  records,
  receivedAt: '2026-11-20T01:00:00.000Z',
  head: JSON.stringify({ id }),
  body: new TextEncoder().encode(`body of ${id}`),
});

async function until(what: () => boolean | Promise<boolean>, ms = 8_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function queueContract(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`queue contract: ${name}`, () => {
    let under: QueueUnderTest;
    let queue: Queue;
    beforeEach(async () => {
      under = await open();
      queue = under.queue;
    });
    afterEach(() => under.dispose());

    const collect = (into: LeasedJob[], more: Partial<WorkOptions> = {}) =>
      queue.work(
        async (jobs) => {
          into.push(...jobs);
        },
        { ...options, ...more },
      );

    it('gives a job back as it was pushed', async () => {
      expect(await queue.push([job('1', 'a', 7)])).toEqual([
        { id: '1', receivedAt: '2026-11-20T01:00:00.000Z', records: 7, known: false },
      ]);
      const got: LeasedJob[] = [];
      const stop = collect(got);
      await until(() => got.length === 1);
      await stop();
      const { body, ...rest } = got[0] as LeasedJob;
      const { body: pushedBody, ...pushed } = job('1', 'a', 7);
      expect(rest).toEqual({ ...pushed, attempt: 1 });
      expect(new TextDecoder().decode(body)).toBe(new TextDecoder().decode(pushedBody));
    });

    it('knows an id that is queued, and one that is done, and keeps its first receipt', async () => {
      await queue.push([job('1')]);
      const again = { ...job('1'), receivedAt: '2026-11-21T00:00:00.000Z', records: 9 };
      const first = { id: '1', receivedAt: '2026-11-20T01:00:00.000Z', records: 1, known: true };
      expect(await queue.push([again])).toEqual([first]);
      const got: LeasedJob[] = [];
      const stop = collect(got);
      await until(async () => (await queue.state('1'))?.state === 'done');
      expect(await queue.push([again])).toEqual([first]);
      await stop();
      expect(got).toHaveLength(1);
    });

    it('knows what was done elsewhere, and leaves what it knows as it is', async () => {
      await queue.push([job('waiting')]);
      const elsewhere = { ...job('elsewhere', 'b', 3), receivedAt: '2026-11-19T01:00:00.000Z' };
      const done = [elsewhere, { ...job('waiting'), receivedAt: '2026-11-18T00:00:00.000Z', records: 9 }];
      await queue.remember([]);
      await queue.remember(done);
      await queue.remember(done.map((one) => ({ ...one, records: 77 })));
      const receipt = { receivedAt: '2026-11-19T01:00:00.000Z', records: 3 };
      expect(await queue.state('elsewhere')).toEqual({ ...receipt, state: 'done', sourceId: 'b.s' });
      queue = await under.reopen();
      expect(await queue.push([job('elsewhere', 'b', 5)])).toEqual([{ ...receipt, id: 'elsewhere', known: true }]);
      expect(await queue.state('waiting')).toMatchObject({ state: 'queued', records: 1 });
      expect((await queue.depth()).jobs).toBe(1);
    });

    it('knows a repeated id within one push', async () => {
      const pushed = await queue.push([job('1'), job('1')]);
      expect(pushed.map((one) => one.known)).toEqual([false, true]);
      expect((await queue.depth()).jobs).toBe(1);
    });

    it('keeps unfinished jobs over a crash and gives them out again', async () => {
      await queue.push([job('1'), job('2')]);
      let taken = 0;
      queue.work(
        async () => {
          taken++;
          await new Promise(() => {});
        },
        // What it holds comes again when its lease is over.
        { ...options, leaseMs: 1_500, onError: () => {} },
      );
      await until(() => taken === 1);
      queue = await under.reopen();
      const got: LeasedJob[] = [];
      const stop = collect(got);
      await until(() => got.length === 2);
      await stop();
      expect(got.map((one) => one.id).sort()).toEqual(['1', '2']);
      await until(async () => (await queue.depth()).jobs === 0);
    });

    it('retries what threw, later and alone, and declares it dead after the last attempt', async () => {
      await queue.push([job('1'), job('2')]);
      const seen: string[][] = [];
      const errors: unknown[] = [];
      const stop = queue.work(
        async (jobs) => {
          seen.push(jobs.map((one) => one.id));
          if (jobs.some((one) => one.id === '1')) throw new Error('bad batch');
        },
        { ...options, maxJobs: 10, onError: (error) => errors.push(error) },
      );
      await until(async () => (await queue.depth()).dead === 1);
      await until(async () => (await queue.depth()).jobs === 0);
      await stop();
      expect(seen[0]).toEqual(['1', '2']);
      for (const later of seen.slice(1)) expect(later).toHaveLength(1);
      expect(await queue.dead()).toMatchObject([{ id: '1', error: 'bad batch', attempts: 2 }]);
      expect((await queue.state('1'))?.state).toBe('dead');
      expect((await queue.state('2'))?.state).toBe('done');
      expect((await queue.push([job('1')]))[0]?.known).toBe(true);
      expect(errors.length).toBeGreaterThan(0);
    });

    it('counts no failure that says nothing about the job', async () => {
      await queue.push([job('1'), job('2')]);
      let tries = 0;
      const stop = queue.work(
        async () => {
          tries++;
          throw new Error(tries <= 3 ? 'the store is away' : 'bad batch');
        },
        {
          ...options,
          maxJobs: 10,
          maxAttempts: 1,
          blameless: (error) => (error as Error).message.includes('away'),
          onError: () => {},
        },
      );
      await until(() => tries === 3);
      expect((await queue.depth()).dead).toBe(0);
      await until(async () => (await queue.depth()).dead === 2, 15_000);
      await stop();
      expect((await queue.dead()).map(({ error }) => error)).toEqual(['bad batch', 'bad batch']);
    });

    it('puts the dead back to work when told', async () => {
      await queue.push([job('1')]);
      const stop = queue.work(() => Promise.reject(new Error('no')), { ...options, maxAttempts: 1, onError: () => {} });
      await until(async () => (await queue.depth()).dead === 1);
      await stop();
      expect(await queue.retryDead(['1', 'unknown'])).toBe(1);
      const got: LeasedJob[] = [];
      const again = collect(got);
      await until(() => got.length === 1);
      await again();
      expect(await queue.dead()).toEqual([]);
    });

    it('takes turns between members', async () => {
      await queue.push([job('a1'), job('a2'), job('a3'), job('a4'), job('b1', 'b'), job('b2', 'b')]);
      const got: LeasedJob[] = [];
      const stop = collect(got);
      await until(() => got.length === 6);
      await stop();
      expect(got.findIndex((one) => one.memberId === 'b')).toBeLessThan(2);
      expect(got.filter((one) => one.memberId === 'a').map((one) => one.id)).toEqual(['a1', 'a2', 'a3', 'a4']);
    });

    it('hands over several jobs within the bounds', async () => {
      await queue.push(Array.from({ length: 10 }, (_, index) => job(`j${index}`)));
      const sizes: number[] = [];
      const stop = queue.work(
        async (jobs) => {
          sizes.push(jobs.length);
        },
        { ...options, maxJobs: 4 },
      );
      await until(async () => (await queue.depth()).jobs === 0);
      await stop();
      expect(sizes).toEqual([4, 4, 2]);
    });

    it('adds up what waits', async () => {
      await queue.push([job('1', 'a', 5), job('2', 'a', 6), job('3', 'b', 7)]);
      const depth = await queue.depth();
      expect(depth).toMatchObject({ jobs: 3, records: 18, dead: 0 });
      expect(depth.bySource).toContainEqual({
        sourceId: 'a.s',
        memberId: 'a',
        receivedHour: '2026-11-20T01:00:00.000Z',
        records: 11,
      });
    });

    it('does a job once when several handlers work', async () => {
      const ids = Array.from({ length: 60 }, (_, index) => `j${index}`);
      const got: LeasedJob[] = [];
      const stops = [collect(got, { maxJobs: 3 }), collect(got, { maxJobs: 3 }), collect(got, { maxJobs: 3 })];
      await Promise.all(ids.map((id) => queue.push([job(id, id.endsWith('1') ? 'a' : 'b')])));
      await until(async () => (await queue.depth()).jobs === 0);
      await Promise.all(stops.map((stop) => stop()));
      expect(got.map((one) => one.id).sort()).toEqual([...ids].sort());
    });
  });
}
