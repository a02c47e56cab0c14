/**
 * What a rule file becomes: Sigma 2.1.0 rules, correlations and filters, and our overlays, as typed trees, before compiling.
 * Text -> these is parse.ts; these -> closures is compile.ts; what they mean, slowly and plainly, is linear.ts.
 */
import type { Level } from '../model/alert.ts';

export interface Where {
  readonly file: string;
  /** From 1, as is the column. */
  readonly line: number;
  /** In UTF-16 units, where the thing complained of begins. */
  readonly column: number;
}

export interface RuleHead {
  /** The rule's id; the file's path within its folder where it has none (reported as a warning). */
  readonly id: string;
  readonly name: string | undefined;
  readonly title: string;
  readonly description: string;
  readonly status: string;
  readonly level: Level;
  readonly tags: readonly string[];
  readonly references: readonly string[];
  readonly falsepositives: readonly string[];
  readonly author: string;
  readonly where: Where;
  /** Own keys under `hinomi:`, see `Own`. */
  readonly own: Own;
}

/** Keys of our own, allowed by Sigma as custom attributes. */
export interface Own {
  /** Title and description in Japanese, beside those that Sigma knows. */
  readonly titleJa: string | undefined;
  readonly descriptionJa: string | undefined;
  /** Fields (Sigma or ECS names) whose values make one alert. Default: host.name, user.name, source.ip, those present. */
  readonly by: readonly string[] | undefined;
  /** Events of the same key within one such period of event time are one alert. Default 24 hours. */
  readonly periodMs: number;
}

export interface LogSource {
  readonly product: string | undefined;
  readonly category: string | undefined;
  readonly service: string | undefined;
}

export type Value = string | number | bigint | boolean | null;

export interface DetectionItem {
  /** Sigma's field name as written; undefined for keywords. */
  readonly field: string | undefined;
  readonly modifiers: readonly string[];
  readonly values: readonly Value[];
  readonly where: Where;
}

/** A named part of `detection:`. A map is `all` of its items, a list is `any` of its parts. */
export type Selection =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Selection[] }
  | { readonly kind: 'item'; readonly item: DetectionItem };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'selection'; readonly name: string };

export interface SigmaRule extends RuleHead {
  readonly kind: 'rule';
  readonly logsource: LogSource;
  readonly selections: Readonly<Record<string, Selection>>;
  /** `1 of x*` and `all of them` already spelled out as and/or of selections. */
  readonly condition: Condition;
}

export interface CorrelationCondition {
  readonly compare: readonly { readonly op: 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq'; readonly value: number }[];
  /** value_count: the field, or fields, whose values count; value_sum, value_avg, value_median, value_percentile: the one field. */
  readonly fields: readonly string[];
  /** value_percentile: which, above 0 and up to 100; the comparison is with the value there. Else undefined. */
  readonly percentile: number | undefined;
}

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_median'
  | 'value_percentile';

export interface CorrelationRule extends RuleHead {
  readonly kind: 'correlation';
  readonly type: CorrelationType;
  /** Ids of the rules and correlations it refers to (names already resolved), in order. Never a circle. */
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  readonly condition: CorrelationCondition | undefined;
  /** Extended condition of temporal types (`a and b and not c`) over ids of `rules`, in place of `condition`. Else undefined. */
  readonly expression: Condition | undefined;
  /** alias -> rule id -> field */
  readonly aliases: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the rules it refers to also raise alerts of their own. */
  readonly generate: boolean;
  /** Ours: count within one member, or over all of them. */
  readonly members: 'within' | 'across';
  /** Ours, with `across`: how many members must be in the window. Default 3, at least 2. */
  readonly minMembers: number;
}

/** A Sigma filter: its condition, as written, is added with "and" to each rule that it names and whose log source it covers. */
export interface SigmaFilter {
  readonly id: string;
  readonly title: string;
  /** Ids or names as written; `any`: every rule whose log source is at least as specific as the filter's. */
  readonly rules: readonly string[] | 'any';
  readonly logsource: LogSource;
  readonly selections: Readonly<Record<string, Selection>>;
  readonly condition: Condition;
  readonly where: Where;
}

/** Ours: what a center changes about a rule that is not its own, kept apart from the rule so that an update leaves it alone. */
export interface Overlay {
  /** Id or name of a rule or correlation, as written. */
  readonly rule: string;
  readonly disabled: boolean;
  readonly level: Level | undefined;
  /** Why, for those who come after. */
  readonly reason: string;
  readonly where: Where;
}

export interface Problem {
  readonly where: Where;
  readonly severity: 'error' | 'warning';
  /** What is wrong and what to write instead, without the place. */
  readonly message: string;
}

/** What a folder of rules gives. A file with an error leaves its rule out and the others in. */
export interface RuleSet {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly CorrelationRule[];
  /** Empty once resolved: by then they are part of the rules. */
  readonly filters: readonly SigmaFilter[];
  readonly overlays: readonly Overlay[];
  readonly problems: readonly Problem[];
}

/** Problem -> `rules/vpn/x.yml:14:9: unknown modifier "contain" (did you mean "contains"?)` */
export function formatProblem(problem: Problem): string {
  return `${formatWhere(problem.where)}: ${problem.message}`;
}

/** `rules/vpn/x.yml:14:9` */
export function formatWhere({ file, line, column }: Where): string {
  return `${file}:${line}:${column}`;
}
