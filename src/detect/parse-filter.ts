/**
 * A filter document (specification 2.1, `rules: any` of 2.2) -> a typed filter whose `rules` are still as written. Its condition is
 * added as it stands; nothing is turned round for the author, who is only warned where a "not" seems to be missing.
 */
import { namesOf } from './condition.ts';
import { parseDetection } from './parse-detection.ts';
import { parseId, parseTitle } from './parse-head.ts';
import { parseLogSource } from './parse-log-source.ts';
import { describeNode, type Reporter, requireKey, textsOf } from './reporter.ts';
import type { Condition, SigmaFilter } from './rule.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

/** Undefined when something in it is wrong; then that was reported. */
export function parseFilter(document: YamlMap, fallbackId: string, report: Reporter): SigmaFilter | undefined {
  const title = parseTitle(document, 'the filter', report);
  const id = parseId(document, report) ?? fallbackId;
  const logsource = parseLogSource(document, 'the filter', report);
  const node = entryOf(document, 'filter')?.value;
  if (node?.kind !== 'map') {
    const found = node === undefined ? 'nothing' : describeNode(node);
    report.error(node ?? document, `filter must be a map of rules, selections and a condition, not ${found}`);
    return undefined;
  }
  const rules = requireKey(node, 'rules', 'the filter', report) ? parseReferences(node, report) : [];
  const detection = parseDetection(node, report, 'filter');
  if (detection === undefined || logsource === undefined || report.failed()) return undefined;
  if (!hasNot(detection.condition)) {
    const [name = 'selection'] = namesOf(detection.condition);
    report.warn(
      entryOf(node, 'condition')?.value ?? node,
      `this filter keeps only what its condition matches; write "not ${name}" or the like to leave that out`,
    );
  }
  return { id, title, rules, logsource, ...detection, where: report.where(document) };
}

function parseReferences(filter: YamlMap, report: Reporter): readonly string[] | 'any' {
  const entry = entryOf(filter, 'rules');
  if (entry?.value.kind === 'scalar' && entry.value.value === 'any') return 'any';
  const rules = textsOf(filter, 'rules', report);
  if (rules.length === 0) report.error(entry ?? filter, 'the filter is for no rule; name rules, or write "rules: any"');
  if (rules.includes('any')) report.error(entry ?? filter, '"any" stands alone: write "rules: any", not a list');
  return rules;
}

function hasNot(condition: Condition): boolean {
  if (condition.kind === 'selection') return false;
  return condition.kind === 'not' || condition.of.some(hasNot);
}
