/**
 * Rules -> which ATT&CK techniques they look for, in which log sources. Counts what rules say of themselves in their tags; how well
 * they do it is another matter. Pure.
 */
import type { CorrelationRule, LogSource, SigmaRule } from '../detect/rule.ts';
import { describeSource } from './pack-fitness.ts';

export interface Coverage {
  /** By technique: "T1059", "T1059.001". */
  readonly techniques: readonly CoverageRow[];
  /** By the tactic that rules name: "execution". */
  readonly tactics: readonly CoverageRow[];
  /** Rules counted, those without a technique among them. */
  readonly rules: number;
  readonly untagged: number;
  /** Rules left out: no event here can be of their log source. */
  readonly unrouted: number;
}

export interface CoverageRow {
  readonly name: string;
  /** Different rules. */
  readonly rules: number;
  /** Log source and number of rules, most first. A correlation counts in each log source that its rules look at. */
  readonly sources: readonly { readonly source: string; readonly rules: number }[];
}

interface Rules {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly CorrelationRule[];
}

/** `routes` says whether any event can be of a log source, `wanted` whether a rule counts. */
export function coverageOf(
  set: Rules,
  routes: (source: LogSource) => boolean,
  wanted: (rule: SigmaRule | CorrelationRule) => boolean = () => true,
): Coverage {
  const sourcesOf = createSources(set);
  const techniques = new Map<string, Row>();
  const tactics = new Map<string, Row>();
  let rules = 0;
  let untagged = 0;
  let unrouted = 0;
  for (const rule of [...set.rules, ...set.correlations].filter(wanted)) {
    const sources = sourcesOf(rule);
    if (!sources.every(routes)) {
      unrouted++;
      continue;
    }
    rules++;
    const names = new Set(sources.map(describeSource));
    const tags = new Set(rule.tags.map((tag) => /^attack\.(\S+)$/i.exec(tag)?.[1]?.toLowerCase()));
    const found = [...tags].filter((tag) => tag !== undefined);
    const ids = found.filter((tag) => /^t\d{4}(\.\d{3})?$/.test(tag));
    if (ids.length === 0) untagged++;
    for (const id of ids) count(techniques, id.toUpperCase(), names);
    // Groups (g0001) and software (s0001) are no tactics; the older tags have "_" where the newer have "-".
    const named = found.filter((tag) => !/^[tgs]\d/.test(tag)).map((tag) => tag.replaceAll('_', '-'));
    for (const tactic of new Set(named)) count(tactics, tactic, names);
  }
  return { techniques: rowsOf(techniques), tactics: rowsOf(tactics), rules, untagged, unrouted };
}

interface Row {
  rules: number;
  readonly sources: Map<string, number>;
}

function count(rows: Map<string, Row>, name: string, sources: ReadonlySet<string>): void {
  const row = rows.get(name) ?? { rules: 0, sources: new Map() };
  rows.set(name, row);
  row.rules++;
  for (const source of sources) row.sources.set(source, (row.sources.get(source) ?? 0) + 1);
}

function rowsOf(rows: ReadonlyMap<string, Row>): readonly CoverageRow[] {
  return [...rows]
    .map(([name, { rules, sources }]) => ({
      name,
      rules,
      sources: [...sources]
        .map(([source, number]) => ({ source, rules: number }))
        .sort((a, b) => b.rules - a.rules || (a.source < b.source ? -1 : 1)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Log sources of a rule, or of all rules below a correlation; correlations may stand on correlations. */
function createSources(set: Rules): (rule: SigmaRule | CorrelationRule) => readonly LogSource[] {
  const byId = new Map([...set.rules, ...set.correlations].map((rule) => [rule.id, rule]));
  const known = new Map<string, readonly LogSource[]>();
  const sourcesOf = (rule: SigmaRule | CorrelationRule): readonly LogSource[] => {
    if (rule.kind === 'rule') return [rule.logsource];
    let sources = known.get(rule.id);
    if (sources === undefined) {
      sources = rule.rules.flatMap((id) => {
        const below = byId.get(id);
        return below === undefined ? [] : sourcesOf(below);
      });
      known.set(rule.id, sources);
    }
    return sources;
  };
  return sourcesOf;
}
