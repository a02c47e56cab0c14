/**
 * The rules in force, and how a new reading of the folders takes their place while the center runs: read once, compiled in every
 * pipeline thread, the correlator's memory rebuilt from the store, and only then swapped in. All or nothing.
 */
import { auditChange } from './api/audit-entry.ts';
import type { RulesReload } from './api/parts.ts';
import type { PipelineThreads } from './app-pipeline.ts';
import { formatProblem, formatWhere, type Problem } from './detect/rule.ts';
import { compareRules } from './rule-difference.ts';
import { createRuleLoading, type LoadedRules } from './rule-loading.ts';
import { readRuleTexts } from './rule-texts.ts';
import type { Change } from './store/store.ts';

export interface AppRulesParts {
  /** Asked anew for each reading. */
  readonly folders: () => readonly string[] | Promise<readonly string[]>;
  readonly latenessMs: number;
  readonly pipeline: Pick<PipelineThreads, 'prepare' | 'swap'>;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (data: object, text: string) => void>>;
}

/**
 * Rebuilds what the correlator of `next` remembers, then `record`s, then hands matches to it. When any of that fails matches go on
 * to the one before, as if nothing had been, and it throws.
 */
export type HandOver = (next: LoadedRules, record: () => Promise<void>) => Promise<void>;

export interface AppRules {
  current(): LoadedRules;
  /** To be called once, when the center works with the first reading. Until then a reload is refused. */
  begin(parts: { readonly handOver: HandOver; readonly save: (changes: readonly Change[]) => Promise<unknown> }): void;
  /**
   * Reads the folders again. One after another; who asks again before its turn came shares that turn. Throws why the rules before
   * stay in force, all of them. `told`: another process asks, which puts it on record.
   */
  reload(actor: string, told?: 'told'): Promise<RulesReload>;
  /** Reads the folders again for a correlator that has seen nothing; what is in force else stays. Not put on record. */
  renew(): Promise<void>;
  /** Waits for a reload that runs; further ones are refused. */
  close(): Promise<void>;
}

/** Reads for the first time. Throws when a folder cannot be read; rules that are broken are left out and told. */
export async function openRules({ folders, latenessMs, pipeline, log }: AppRulesParts): Promise<AppRules> {
  const load = createRuleLoading({ prepare: pipeline.prepare, latenessMs });
  const read = async (before: LoadedRules | undefined) => load(await readRuleTexts(await folders()), before);
  let current = await read(undefined);
  let center: Parameters<AppRules['begin']>[0] | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const waiting = new Map<string, Promise<RulesReload>>();
  tellAll(current.problems);

  function tellAll(problems: readonly Problem[]): void {
    for (const { where, message } of problems) log.warn({ rule: formatWhere(where) }, message);
  }

  async function reload(actor: string, record: boolean): Promise<RulesReload> {
    const before = current;
    try {
      if (center === undefined)
        throw new Error('the center is starting or stopping; it reads its rules when it starts');
      const { handOver, save } = center;
      const next = await read(before);
      const told = describe(before, next);
      // What cannot be put on record is not done.
      await handOver(next, async () => {
        if (record) await save([auditChange(toAct(actor, before, told))]);
      });
      current = next;
      await pipeline.swap(next.correlator.matchFields);
      const known = new Set(before.problems.map(formatProblem));
      tellAll(next.problems.filter((problem) => !known.has(formatProblem(problem))));
      log.info({ actor, ...summary(told) }, 'rules were reloaded');
      return told;
    } catch (error) {
      log.error({ err: error, actor }, 'rules could not be reloaded; those before stay in force');
      throw error;
    }
  }

  return {
    current: () => current,
    begin(parts) {
      center = parts;
    },
    reload(actor, told) {
      const asker = `${told ?? ''} ${actor}`;
      const asked = waiting.get(asker);
      if (asked !== undefined) return asked;
      const turn = last.then(() => {
        waiting.delete(asker);
        return reload(actor, told === undefined);
      });
      waiting.set(asker, turn);
      last = turn.catch(() => undefined);
      return turn;
    },
    renew() {
      const turn = last.then(async () => {
        const next = await read(current);
        current = next;
        await pipeline.swap(next.correlator.matchFields);
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    async close() {
      center = undefined;
      await last;
    },
  };
}

function describe(before: LoadedRules, next: LoadedRules): RulesReload {
  const { rules, correlations, problems, version, loadedAt, keptOld } = next;
  return {
    ...{ version, loadedAt, problems, keptOld },
    rules: rules.length,
    correlations: correlations.length,
    ...compareRules([...before.rules, ...before.correlations], [...rules, ...correlations]),
  };
}

function summary(told: RulesReload) {
  const { version, rules, correlations, added, removed, changed, keptOld } = told;
  return {
    ...{ version, rules, correlations },
    ...{ added: added.length, removed: removed.length, changed: changed.length },
    keptOld: keptOld.map(({ file }) => file).slice(0, 100),
  };
}

function toAct(actor: string, { version, rules, correlations }: LoadedRules, told: RulesReload) {
  return {
    actor,
    action: 'rules.reload',
    target: { kind: 'rules', id: told.version },
    memberId: null,
    before: { version, rules: rules.length, correlations: correlations.length },
    after: summary(told),
  };
}
