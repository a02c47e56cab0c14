/**
 * Overlays over rules and correlations: which are left out, which have another level. The last overlay of a rule counts, as a whole.
 * One of a rule that is not there is only a warning: the pack that brings it may come later.
 */
import type { Complain } from './reporter.ts';
import { formatWhere, type Overlay, type RuleHead, type Where } from './rule.ts';
import type { RuleRegister } from './rule-register.ts';
import { quoted } from './suggestion.ts';

export interface AppliedOverlays {
  /** Rules as they are to be, without those that are disabled. Order is kept. */
  change<Rule extends RuleHead>(rules: readonly Rule[]): readonly Rule[];
  /** Where a rule is disabled, by its id. */
  disabledAt(id: string): Where | undefined;
}

export function applyOverlays(
  overlays: readonly Overlay[],
  register: RuleRegister,
  complain: Complain,
): AppliedOverlays {
  const byId = new Map<string, Overlay>();
  for (const overlay of overlays) {
    const found = register.find(overlay.rule);
    if ('problem' in found) {
      complain(overlay.where, `the overlay has no effect: it is for ${found.problem}`, 'warning');
      continue;
    }
    const earlier = byId.get(found.rule.id);
    if (earlier !== undefined) {
      const message = `${quoted(overlay.rule)} has an overlay at ${formatWhere(earlier.where)} already; only this one counts`;
      complain(overlay.where, message, 'warning');
    }
    byId.set(found.rule.id, overlay);
  }
  return {
    change: (rules) =>
      rules.flatMap((rule) => {
        const overlay = byId.get(rule.id);
        if (overlay?.disabled) return [];
        return overlay?.level === undefined ? [rule] : [{ ...rule, level: overlay.level }];
      }),
    disabledAt: (id) => {
      const overlay = byId.get(id);
      return overlay?.disabled ? overlay.where : undefined;
    },
  };
}
