/**
 * One rule on one event, asked of both evaluators: what the tests of the specification's sentences have in common.
 * Names stay as they are (no mapping), so that a row reads like the specification.
 */
import type { Fields } from '../../model/event.ts';
import { compileRules } from '../compile.ts';
import { matchAll } from '../linear.ts';
import { identityMapping } from '../mapping.ts';
import { parseRules } from '../parse.ts';

/** Selection or detection in YAML, the event, and whether it matches; a text: what the refusal says, or a matcher for it. */
export type Row = readonly [yaml: string, event: Fields, expected: boolean | string];
export type Section = readonly [sentence: string, rows: Row[]];

const placeholders = { admins: ['root', 'adm*'], two: ['x', 'y'], one: ['-z'], empty: [], folder: ['C:\\Temp\\'] };

/** What both evaluators say of a detection (its selections and condition, in YAML); the messages where the rule is refused. */
export function judgeDetection(detection: string, event: Fields): boolean | string {
  const block = detection.trim().replaceAll('\n', '\n  ');
  const set = parseRules(`title: T\nid: r\nlogsource: { product: x }\ndetection:\n  ${block}`, 'r.yml');
  const engine = compileRules(set, identityMapping, { placeholders });
  const refusals = [...set.problems, ...engine.problems].filter(({ severity }) => severity === 'error');
  const linear = matchAll(set.rules, event, identityMapping, { placeholders }).length === 1;
  // Twice: the second time the engine may remember what it found.
  const first = engine.match(event).length === 1;
  const compiled = engine.match(event).length === 1;
  if (compiled !== linear || compiled !== first) return `compiled ${first}, then ${compiled}; linear ${linear}`;
  if (refusals.length === 0) return compiled;
  const messages = refusals.map(({ message }) => message).join('; ');
  return compiled ? `matches in spite of: ${messages}` : messages;
}

/** The same for one selection: the lines below its name, indented by two. */
export function judgeSelection(selection: string, event: Fields): boolean | string {
  return judgeDetection(`s:\n  ${selection.trim().replaceAll('\n', '\n  ')}\ncondition: s`, event);
}

/** Holds a row: a refusal need only contain the expected text. */
export function keeps(verdict: boolean | string, expected: boolean | string): boolean {
  return typeof verdict === 'string' && typeof expected === 'string'
    ? verdict.includes(expected)
    : verdict === expected;
}
