/** What an import would do -> text for a terminal. Pure; what it tells comes from strangers' files, and brings no control characters. */
import { formatProblem, formatWhere, type RuleHead } from '../detect/rule.ts';
import { level } from '../model/alert.ts';
import type { ChosenPack } from '../packs/pack-choice.ts';
import type { Fitness } from '../packs/pack-fitness.ts';
import type { Pack, PackManifest } from '../packs/pack-folder.ts';
import type { PackPlan } from '../packs/pack-plan.ts';
import type { Reference } from '../packs/references.ts';
import { counted } from './rules-load.ts';
import { clean } from './scan-summary.ts';

export interface ImportPlan {
  readonly name: string;
  readonly about: PackManifest;
  readonly installed: Pack | undefined;
  readonly chosen: ChosenPack;
  readonly plan: PackPlan;
  readonly fitness: Fitness;
  /** Titles of rules whose ids others have already: those stay in force, these do not come. */
  readonly taken: readonly string[];
  /** Places that name rules which the import would take away. */
  readonly orphans: readonly Reference[];
}

type Listed = Pick<RuleHead, 'level' | 'title' | 'id'>;

const SHOWN = 10;
const SHOWN_SHORT = 5;

/** `all`: every item of every list. */
export function describeImport(plan: ImportPlan, all: boolean): string {
  const blocks = [
    describeChoice(plan),
    describeChanges(plan, all),
    describeFitness(plan.fitness, all),
    describeRest(plan, all),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function describeChoice({ name, about, chosen, installed }: ImportPlan): string {
  const { source, selection, version, rules } = about;
  const folders = selection.folders.length === 0 ? '' : `, folders ${selection.folders.join(', ')}`;
  const left = [
    chosen.belowLevel > 0 ? `${counted(chosen.belowLevel, 'rule')} below that level` : '',
    chosen.otherStatus > 0 ? `${counted(chosen.otherStatus, 'rule')} of another status` : '',
  ].filter((part) => part !== '');
  const before =
    installed === undefined
      ? 'nothing is installed'
      : `version ${installed.version} is in force, imported ${installed.importedAt.slice(0, 16).replace('T', ' ')} UTC`;
  return text(
    `Pack ${name}, version ${version}, from ${source}; ${before}.`,
    `Chosen: ${counted(rules, 'rule')} (level ${selection.level} and above; status ${selection.statuses.join(', ')}${folders}).`,
    left.length > 0 ? `Not asked for: ${left.join(', ')}.` : '',
    chosen.notRules > 0 ? `${counted(chosen.notRules, 'YAML file')} without rules passed over.` : '',
  );
}

function describeChanges({ plan }: ImportPlan, all: boolean): string {
  const { added, changed, removed, unchanged } = plan;
  const many = (items: readonly string[]) => some(items, all ? items.length : SHOWN, '    ');
  const gravest = (a: Listed, b: Listed) =>
    level.options.indexOf(b.level) - level.options.indexOf(a.level) || (a.title < b.title ? -1 : 1);
  const title = (rule: Listed) => `${rule.level.padEnd(13)} ${rule.title}  (${rule.id})`;
  return text(
    `New ${added.length.toLocaleString('en')}, changed ${changed.length.toLocaleString('en')}, removed ${removed.length.toLocaleString('en')}, unchanged ${unchanged.toLocaleString('en')}`,
    ...(added.length > 0 ? ['  new:', ...many([...added].sort(gravest).map(title))] : []),
    ...(changed.length > 0
      ? [
          '  changed:',
          ...many(
            [...changed]
              .sort((a, b) => gravest(a.rule, b.rule))
              .map(({ rule, what }) => `${title(rule)}: ${what.join(', ')}`),
          ),
        ]
      : []),
    ...(removed.length > 0 ? ['  removed:', ...many([...removed].sort(gravest).map(title))] : []),
  );
}

function describeFitness({ unrouted, unsent, impossible, narrowed, fields }: Fitness, all: boolean): string {
  const sum = (counts: readonly { readonly rules: number }[]) => counts.reduce((total, { rules }) => total + rules, 0);
  const limit = all ? Number.POSITIVE_INFINITY : SHOWN;
  const lines: string[] = [];
  if (unrouted.length > 0) {
    lines.push(`  ${counted(sum(unrouted), 'rule')}: no connector brings their log source`);
    lines.push(
      ...some(
        unrouted.map(({ source, rules }) => `${source}  ${rules}`),
        limit,
        '    ',
      ),
    );
  }
  if (unsent !== undefined && unsent.length > 0) {
    lines.push(`  ${counted(sum(unsent), 'rule')}: no member has a source that sends their log source`);
    const rows = unsent.map(({ source, rules, connectors }) => `${source}  ${rules}  (${connectors.join(' or ')})`);
    lines.push(...some(rows, limit, '    '));
  }
  if (unsent === undefined) lines.push('  What members send is not known: there are no members yet');
  if (impossible.length > 0) {
    lines.push(`  ${counted(impossible.length, 'rule')}: needs fields that events of their log source never have`);
    const rows = impossible.map(({ title, id }) => `${title}  (${id})`);
    lines.push(...some(rows, all ? limit : SHOWN_SHORT, '    '));
  }
  if (narrowed.length > 0) {
    lines.push(`  ${counted(narrowed.length, 'rule')}: works, but a part of it names such fields and never holds`);
  }
  if (fields.length > 0) {
    const rows = fields.map(({ field, rules, sources }) => `${field}  ${rules}  (${sources.slice(0, 3).join(', ')})`);
    lines.push('  Those fields, and the rules that name them:', ...some(rows, limit, '    '));
  }
  if (lines.length === 0) return '';
  return text(
    'Cannot work here as things are; installed all the same, and works when what it needs is there:',
    ...lines,
  );
}

function describeRest({ chosen, taken, orphans }: ImportPlan, all: boolean): string {
  const limit = all ? Number.POSITIVE_INFINITY : SHOWN;
  const lines: string[] = [];
  if (chosen.refused.length > 0) {
    lines.push(`Not supported, left out: something of ${counted(chosen.refused.length, 'file')}`);
    lines.push(...some(chosen.refused.map(formatProblem), limit, '  '));
  }
  if (taken.length > 0) {
    lines.push(`Ids that other rules here have already; those others stay in force: ${counted(taken.length, 'rule')}`);
    lines.push(...some(taken, limit, '  '));
  }
  if (orphans.length > 0) {
    lines.push('Warning: these name rules that would be gone:');
    lines.push(
      ...some(
        orphans.map(({ where, by, rule }) => `${formatWhere(where)}: the ${by} names ${rule}`),
        limit,
        '  ',
      ),
    );
  }
  return text(...lines);
}

function some(items: readonly string[], limit: number, indent: string): string[] {
  const shown = items.slice(0, limit).map((item) => indent + item);
  const more = items.length - shown.length;
  return more > 0 ? [...shown, `${indent}and ${more.toLocaleString('en')} more (--all shows them)`] : shown;
}

const text = (...lines: readonly string[]): string =>
  lines
    .filter((line) => line !== '')
    .map(clean)
    .join('\n');
