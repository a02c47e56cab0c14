/** A tally -> the text that ends a scan. Pure. Text of logs, files and rules is not trusted: it brings no control characters. */

import { formatProblem, type Problem } from '../detect/rule.ts';
import type { RuleCost } from '../scan/profile.ts';
import { countByLevel, countByRule, countByTechnique, type Tally } from '../scan/tally.ts';
import { printTable } from './table.ts';

export interface RulesInForce {
  readonly rules: number;
  /** Of them, for log sources that no connector here brings. */
  readonly unrouted: number;
  /** Not run. */
  readonly correlations: number;
  /** What leaves rules out. */
  readonly errors: readonly Problem[];
}

const SHOWN_ERRORS = 5;
const SHOWN_COSTS = 20;

/** Text of others, fit for a terminal. */
export const clean = (text: string): string => text.replace(/\p{C}/gu, ' ');
const number = (value: number): string => value.toLocaleString('en');
const counted = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

/** What the rules are, and which cannot be used. */
export function describeRules({ rules, unrouted, correlations, errors }: RulesInForce): string {
  const refusing = new Set(errors.map(({ where }) => where.file)).size;
  const lines = [
    `Rules: ${number(rules)} in force${refusing > 0 ? `; rules are refused in ${counted(refusing, 'file')} ("hinomi rules check FOLDER" tells all)` : ', none refused'}.`,
  ];
  if (unrouted > 0) lines.push(`  ${number(unrouted)} of those in force are for log sources that no connector brings.`);
  if (correlations > 0) {
    const are = correlations === 1 ? 'correlation is' : 'correlations are';
    lines.push(`  ${number(correlations)} ${are} not run: a scan looks at each event by itself.`);
  }
  for (const problem of errors.slice(0, SHOWN_ERRORS)) lines.push(`  refused: ${clean(formatProblem(problem))}`);
  return lines.join('\n');
}

/** `seconds`: from the first byte read. */
export function describeFindings(tally: Tally, seconds: number): string {
  const total = [...tally.matches.values()].reduce((sum, count) => sum + count, 0);
  const rate = number(Math.round(tally.records / Math.max(seconds, 0.001)));
  const blocks = [
    `Read ${counted(tally.records, 'record')} of ${counted(tally.files, 'file')} in ${seconds.toFixed(1)} s (${rate} records/s): ${counted(tally.events, 'event')}, ${counted(tally.rejects, 'reject')}.`,
  ];
  if (tally.rejects > 0) {
    const reasons = tally.reasons.map(({ file, line, reason }) => `  ${clean(file)}, record ${line}: ${clean(reason)}`);
    const more = tally.rejects - tally.reasons.length;
    if (more > 0) reasons.push(`  and ${number(more)} more`);
    blocks.push(['Rejects:', ...reasons].join('\n'));
  }
  if (total === 0) {
    blocks.push('No rule matched.');
  } else {
    blocks.push(
      `${number(total)} ${total === 1 ? 'match' : 'matches'} of ${counted(tally.matches.size, 'rule')}:`,
      table(
        ['matches', 'level', 'rule', 'id'],
        countByRule(tally).map(([rule, count]) => [number(count), rule.level, rule.title, rule.id]),
      ),
      table(
        ['matches', 'level'],
        countByLevel(tally).map(([name, count]) => [number(count), name]),
      ),
    );
    const techniques = countByTechnique(tally);
    if (techniques.length > 0) {
      blocks.push(
        table(
          ['matches', 'ATT&CK technique'],
          techniques.map(([name, count]) => [number(count), name]),
        ),
      );
    }
  }
  return blocks.join('\n\n');
}

/** `sampled`: events that the rules were timed on. */
export function describeCosts(costs: readonly RuleCost[], sampled: number): string {
  const whole = costs.reduce((sum, { events, microseconds }) => sum + events * microseconds, 0);
  const rows = costs
    .slice(0, SHOWN_COSTS)
    .map(({ rule, events, microseconds }) => [
      `${((100 * events * microseconds) / Math.max(whole, Number.MIN_VALUE)).toFixed(1)} %`,
      microseconds.toFixed(2),
      number(events),
      rule.title,
      rule.id,
    ]);
  return [
    `Dearest rules, each timed alone by the linear evaluator (no index) on a sample of ${counted(sampled, 'event')}, the fastest of up to 3 rounds.`,
    'The index of a scan asks most rules about few events, so these times rank rules and do not add up to the scan.',
    table(['share', 'us/event', 'events', 'rule', 'id'], rows),
  ].join('\n');
}

/** The first column's numbers to the right, under their title. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = Math.max(...[titles, ...rows].map(([first = '']) => first.length));
  const right = ([first = '', ...others]: readonly string[]): string[] => [first.padStart(width), ...others];
  return printTable(right(titles), rows.map(right)).replace(/^/gm, '  ');
}
