/** What an import would change: rules by id, told apart by what they mean and not by how their file is written. Pure. */
import { createHash } from 'node:crypto';
import type { CorrelationRule, RuleSet, SigmaRule } from '../detect/rule.ts';

type AnyRule = SigmaRule | CorrelationRule;

export interface PackPlan {
  readonly added: readonly AnyRule[];
  readonly changed: readonly RuleChange[];
  readonly removed: readonly AnyRule[];
  readonly unchanged: number;
}

export interface RuleChange {
  readonly rule: AnyRule;
  /** In words: "detection", "level low -> high", "status test -> stable", "text". Never empty. */
  readonly what: readonly string[];
}

/** Each list in the order of its set. */
export function planImport(before: RuleSet, after: RuleSet): PackPlan {
  const old = new Map([...before.rules, ...before.correlations].map((rule) => [rule.id, rule]));
  const now = [...after.rules, ...after.correlations];
  const changed = now.flatMap((rule): RuleChange[] => {
    const was = old.get(rule.id);
    const what = was === undefined ? [] : differences(was, rule);
    return what.length === 0 ? [] : [{ rule, what }];
  });
  const added = now.filter(({ id }) => !old.has(id));
  const present = new Set(now.map(({ id }) => id));
  return {
    added,
    changed,
    removed: [...old.values()].filter(({ id }) => !present.has(id)),
    unchanged: now.length - added.length - changed.length,
  };
}

/** Sixteen digits that are the same for the same files, in whatever order they were read. */
export function contentHash(files: readonly { readonly path: string; readonly text: string }[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${path}\0${Buffer.byteLength(text)}\0${text}`);
  }
  return hash.digest('hex').slice(0, 16);
}

function differences(was: AnyRule, is: AnyRule): string[] {
  const what: string[] = [];
  if (print(detectionOf(was)) !== print(detectionOf(is))) what.push('detection');
  for (const key of ['level', 'status'] as const)
    if (was[key] !== is[key]) what.push(`${key} ${was[key]} -> ${is[key]}`);
  if (print(textOf(was)) !== print(textOf(is))) what.push('text');
  return what;
}

/** What decides whether it fires, and what its alerts are made of. */
function detectionOf(rule: AnyRule): unknown {
  const { by, periodMs } = rule.own;
  if (rule.kind === 'rule') {
    return {
      kind: rule.kind,
      logsource: rule.logsource,
      selections: rule.selections,
      of: rule.condition,
      by,
      periodMs,
    };
  }
  const { type, rules, groupBy, timespanMs, condition, expression, aliases, generate, members, minMembers } = rule;
  return {
    ...{ kind: rule.kind, type, rules, groupBy, timespanMs, condition, expression, aliases, generate },
    ...{ members, minMembers, periodMs },
  };
}

function textOf({ title, description, tags, references, falsepositives, author, name, own }: AnyRule): unknown {
  return { title, description, tags, references, falsepositives, author, name, ja: [own.titleJa, own.descriptionJa] };
}

/** Where something stands in its file is left aside; a big number and the same text stay different. */
function print(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => {
    // A selection may be called "where" as well.
    if (key === 'where' && typeof part === 'object' && part !== null && 'line' in part) return undefined;
    return typeof part === 'bigint' ? { bigint: String(part) } : part;
  });
}
