/** How lints are told: warnings that end with the lint's name, so that one kind can be looked for, or counted. */
import type { Reporter } from './reporter.ts';
import type { Place } from './yaml-tree.ts';

export interface Lint {
  (name: string, at: Place, message: string): void;
  readonly inside: Reporter['inside'];
}

export function createLint(report: Reporter): Lint {
  const warn = (name: string, at: Place, message: string) => report.warn(at, `${message} [${name}]`);
  return Object.assign(warn, { inside: report.inside });
}
