/** Lots in the order of files -> the tally, and matches with their record's number in the file. */
import type { SigmaRule } from '../detect/rule.ts';
import type { FoundMatch } from './match-file.ts';
import { countMatch, noteReason, type Tally } from './tally.ts';
import type { UnitLot } from './unit-scan.ts';
import type { Unit } from './units.ts';

/** Of a file that is damaged in many places. */
const KEPT_PROBLEMS = 5;

/** To be called with each lot, in order; adds it to the tally and answers its matches. `rules`: those whose ids are in the lots. */
export function createCount(
  tally: Tally,
  rules: readonly SigmaRule[],
): (unit: Unit, lot: UnitLot) => readonly FoundMatch[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  let current: Unit | undefined;
  /** Of the file: records in its earlier parts, and up to now. */
  let before = 0;
  let seen = 0;
  let problems = 0;
  let hasFailed = false;
  return (unit, lot) => {
    const { file } = unit;
    if (unit !== current) {
      current = unit;
      if (unit.part === undefined) {
        seen = 0;
        problems = 0;
        hasFailed = false;
      }
      before = seen;
    }
    // Reading a whole file would have stopped where its earlier part did.
    if (hasFailed) return [];
    for (const { line, reason } of lot.reasons) noteReason(tally, file, before + line, reason);
    for (const message of lot.problems) {
      problems++;
      if (problems <= KEPT_PROBLEMS) tally.failures.push({ file, message });
      else if (problems === KEPT_PROBLEMS + 1) tally.failures.push({ file, message: 'it is damaged in more places' });
    }
    const matches = lot.hits.map(({ line, rule: id, time }): FoundMatch => {
      const rule = byId.get(id) as SigmaRule;
      countMatch(tally, rule);
      return { file, line: before + line, rule: id, title: rule.title, level: rule.level, time };
    });
    seen += lot.records;
    tally.records += lot.records;
    tally.events += lot.events;
    tally.rejects += lot.rejects;
    if (lot.end !== undefined) {
      const { opened, failure } = lot.end;
      if (opened && unit.part === undefined) tally.files++;
      if (failure !== null) {
        hasFailed = true;
        const after = seen > 0 ? ` (records before that, which are in the result: ${seen})` : '';
        tally.failures.push({ file, message: `${failure}${after}` });
      }
    }
    return matches;
  };
}
