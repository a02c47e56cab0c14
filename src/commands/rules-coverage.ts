/** A coverage -> text for a terminal of 100 columns: a technique a row, its log sources beside it, wrapped. Pure. */
import type { Coverage, CoverageRow } from '../packs/attack-coverage.ts';
import { counted } from './rules-load.ts';
import { clean } from './scan-summary.ts';

const WIDTH = 100;

export function describeCoverage({ techniques, tactics, rules, untagged, unrouted }: Coverage): string {
  const lines = [
    table('TECHNIQUE', techniques),
    '',
    table('TACTIC', tactics),
    '',
    `${counted(techniques.length, 'technique')} by ${counted(rules, 'rule')}; ${untagged.toLocaleString('en')} of them name none.`,
  ];
  if (unrouted > 0) lines.push(`Left out: ${counted(unrouted, 'rule')} for log sources that no connector here brings.`);
  return lines.join('\n');
}

function table(title: string, rows: readonly CoverageRow[]): string {
  const first = Math.max(title.length, ...rows.map(({ name }) => name.length));
  const head = `${title.padEnd(first)}  RULES  LOG SOURCES`;
  const indent = ' '.repeat(first + 9);
  return [head, ...rows.map((row) => clean(row.name).padEnd(first) + describeRow(row, indent))].join('\n');
}

function describeRow({ rules, sources }: CoverageRow, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const { source, rules: number } of sources) {
    const part = `${clean(source)}:${number}`;
    if (line !== '' && indent.length + line.length + part.length + 1 > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += `${line === '' ? '' : ' '}${part}`;
  }
  lines.push(line);
  return `  ${String(rules).padStart(5)}  ${lines.join(`\n${indent}`)}`;
}
