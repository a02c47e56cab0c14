/**
 * What rules cost, each alone, over a sample of events: measured with the linear evaluator, which asks a rule in full about every
 * event of its log source. The engine's index spares most of that, so this ranks rules and does not say how long a scan takes.
 */
import { matchAll } from '../detect/linear.ts';
import type { Mapping } from '../detect/mapping.ts';
import type { Placeholders } from '../detect/needles.ts';
import type { SigmaRule } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';

export interface RuleCost {
  readonly rule: SigmaRule;
  /** Events of the sample that the rule's log source takes. */
  readonly events: number;
  /** For one such event, in the fastest of up to three rounds. */
  readonly microseconds: number;
}

export interface ProfileParts {
  readonly rules: readonly SigmaRule[];
  readonly events: readonly Fields[];
  readonly mapping: Mapping;
  readonly placeholders: Placeholders;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

const ROUNDS = 3;
/** A rule this dear is known well enough after the round that shows it. */
const MAX_RULE_MS = 200;
const PAUSE_MS = 50;

/** Rules that see any event of the sample, dearest first by their whole time over it. Stops early, with what it has, at the signal. */
export async function profileRules(parts: ProfileParts): Promise<readonly RuleCost[]> {
  const { rules, events, mapping, placeholders, nowMs, signal } = parts;
  const seenBy = new Map<string, readonly Fields[]>();
  const costs: RuleCost[] = [];
  let pausedMs = nowMs();
  for (const rule of rules) {
    const { product, category, service } = rule.logsource;
    const key = JSON.stringify([product, category, service]);
    const seen = seenBy.get(key) ?? events.filter((event) => mapping.lens(rule.logsource, event) !== undefined);
    seenBy.set(key, seen);
    const [first] = seen;
    if (first === undefined) continue;
    const alone = [rule];
    // Preparing the rule's values happens once, whatever the number of events, and is not what is asked for.
    matchAll(alone, first, mapping, { placeholders });
    let spentMs = 0;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS && spentMs < MAX_RULE_MS; round++) {
      const startedMs = nowMs();
      for (const event of seen) matchAll(alone, event, mapping, { placeholders });
      const tookMs = nowMs() - startedMs;
      spentMs += tookMs;
      bestMs = Math.min(bestMs, tookMs);
    }
    costs.push({ rule, events: seen.length, microseconds: (bestMs * 1000) / seen.length });
    if (nowMs() - pausedMs > PAUSE_MS) {
      await new Promise((resume) => setImmediate(resume));
      if (signal.aborted) break;
      pausedMs = nowMs();
    }
  }
  const whole = ({ events: count, microseconds }: RuleCost): number => count * microseconds;
  return costs.sort((a, b) => whole(b) - whole(a));
}
