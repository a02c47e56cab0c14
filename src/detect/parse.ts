/**
 * A rule file -> rules, correlations, filters, overlays, and what is wrong with them. Every complaint says where, what, and what to
 * write instead. A document with an error is left out, the others of the file stay. What documents say of each other (names, ids)
 * is resolved later, by resolve.ts.
 */
import { parseCorrelation } from './parse-correlation.ts';
import { parseDetection } from './parse-detection.ts';
import { parseFilter } from './parse-filter.ts';
import { parseHead } from './parse-head.ts';
import { parseLogSource } from './parse-log-source.ts';
import { parseOverlays } from './parse-overlay.ts';
import { createReporter, describeNode, type Reporter, requireKey } from './reporter.ts';
import type { CorrelationRule, Overlay, Problem, RuleSet, SigmaFilter, SigmaRule } from './rule.ts';
import { readYaml } from './yaml.ts';
import { entryOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/**
 * `file` is the path to show, `path` the one within the rules' folder: the id of rules without one. Documents of tests (`tests:`)
 * are passed over. Never throws, whatever the text is.
 */
export function parseRules(text: string, file: string, path: string = file): RuleSet {
  const { documents, problems } = readYaml(text, file);
  const rules: SigmaRule[] = [];
  const correlations: CorrelationRule[] = [];
  const filters: SigmaFilter[] = [];
  const overlays: Overlay[] = [];
  const found: Problem[] = [...problems];
  documents.forEach((document, index) => {
    const report = createReporter(file, text);
    const kind = kindOf(document, report);
    if (kind === 'rule') rules.push(...whole(parseRule(document as YamlMap, ownId(path, index), report), report));
    if (kind === 'correlation') {
      const head = parseHead(document as YamlMap, ownId(path, index), report);
      correlations.push(...whole(parseCorrelation(document as YamlMap, head, report), report));
    }
    // Nothing else refers to a filter: the path as shown tells those of several folders apart.
    if (kind === 'filter') filters.push(...whole(parseFilter(document as YamlMap, ownId(file, index), report), report));
    if (kind === 'overlays') overlays.push(...parseOverlays(document as YamlMap, report));
    for (const problem of report.problems) found.push(problem);
  });
  return { rules, correlations, filters, overlays, problems: found };
}

/** The id of a rule that gives none, by its place among the documents of its file. */
export function ownId(path: string, index: number): string {
  return index === 0 ? path : `${path}#${index + 1}`;
}

const kinds = ['detection', 'correlation', 'filter', 'overlays', 'tests'] as const;
type Kind = 'rule' | Exclude<(typeof kinds)[number], 'detection'>;

/** By the keys at its top. Undefined, and reported, when it is none of ours. */
function kindOf(document: YamlNode, report: Reporter): Kind | undefined {
  if (document.kind !== 'map') {
    report.error(document, `a rule is a map of keys such as title and detection, not ${describeNode(document)}`);
    return undefined;
  }
  const action = entryOf(document, 'action');
  const [kind = 'detection', other] = kinds.filter((key) => entryOf(document, key) !== undefined);
  if (action !== undefined && kind !== 'tests') {
    report.error(
      action,
      '"action: global" and its kin are no longer part of Sigma; write each rule of the file out in full',
    );
    return undefined;
  }
  if (other === 'correlation')
    report.error(document, 'a document is either a rule with "detection" or one with "correlation": put "---" between');
  else if (other !== undefined)
    report.warn(
      entryOf(document, other) ?? document,
      `"${other}" has no effect beside "${kind}"; put "---" between to make a document of it`,
    );
  return kind === 'detection' ? 'rule' : kind;
}

function parseRule(document: YamlMap, fallbackId: string, report: Reporter): SigmaRule | undefined {
  const head = parseHead(document, fallbackId, report);
  const logsource = parseLogSource(document, 'the rule', report);
  if (!requireKey(document, 'detection', 'the rule', report)) return undefined;
  const node = entryOf(document, 'detection')?.value;
  if (node?.kind !== 'map') {
    report.error(node ?? document, 'detection must be a map of selections and a condition');
    return undefined;
  }
  const detection = parseDetection(node, report);
  if (detection === undefined || logsource === undefined) return undefined;
  return { ...head, kind: 'rule', logsource, ...detection };
}

/** One or none: what something is wrong with counts for nothing. */
function whole<Parsed>(parsed: Parsed | undefined, report: Reporter): readonly Parsed[] {
  return parsed === undefined || report.failed() ? [] : [parsed];
}
