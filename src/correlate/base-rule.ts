/**
 * A rule that alerts by itself: each match belongs at once to the alert of its key and period.
 * Remembers the events it gave, so that a match seen twice is found once.
 */
import type { SigmaRule } from '../detect/rule.ts';
import type { Entity, Match } from '../model/alert.ts';
import { compareEntities } from './entity.ts';
import { firstText } from './field-text.ts';
import type { Findings, FoundHead } from './found.ts';
import { createMemory, type Memory, type Remembered, type Total } from './memory.ts';
import type { Seen } from './seen.ts';

const defaultKey: readonly (readonly string[])[] = [['host.name'], ['user.name'], ['source.ip']];

interface Given extends Remembered {
  /** Event time of the newest in it. */
  newestMs: number;
  readonly head: FoundHead;
  readonly ids: Set<string>;
}

export interface BaseRule {
  /** ECS fields that it reads. */
  readonly fields: readonly string[];
  readonly memory: Memory;
  add(match: Match, event: Seen, findings: Findings): void;
}

export function createBaseRule(options: {
  readonly rule: SigmaRule;
  readonly ecsField: (ruleId: string, field: string) => readonly string[];
  readonly latenessMs: number;
  readonly maxGroups: number;
  readonly maxEntries: number;
  readonly total: Total;
}): BaseRule {
  const { rule, maxEntries } = options;
  const { periodMs, by } = rule.own;
  const keyFields = by?.map((field) => options.ecsField(rule.id, field)) ?? defaultKey;
  const memory = createMemory<Given>({
    maxGroups: options.maxGroups,
    horizonMs: options.latenessMs,
    total: options.total,
    sizeOf: (group) => group.ids.size,
    forget(group, beforeMs) {
      const { size } = group.ids;
      if (group.newestMs >= beforeMs) return 0;
      group.ids.clear();
      return size;
    },
  });

  function keyOf(match: Match): Entity[] {
    const key: Entity[] = [];
    for (const names of keyFields) {
      const found = firstText(match.fields, names);
      if (found !== undefined) key.push(found);
    }
    return key.sort(compareEntities);
  }

  return {
    fields: keyFields.flat(),
    memory,
    add(match, event, findings) {
      const key = keyOf(match);
      const periodStartMs = Math.floor(event.atMs / periodMs) * periodMs;
      let address = `${periodStartMs} ${event.memberId}`;
      for (const { field, value } of key) address += ` ${field} ${value.length} ${value}`;
      let group = memory.get(address);
      if (group === undefined) {
        group = {
          head: { ruleId: rule.id, key, across: false },
          ids: new Set(),
          newestMs: event.atMs,
          touched: 0,
          used: false,
        };
        memory.add(address, group);
      }
      if (group.ids.has(event.id)) return;
      group.ids.add(event.id);
      memory.resize(1);
      if (group.ids.size > maxEntries) {
        const [oldest] = group.ids;
        group.ids.delete(oldest as string);
        memory.evict(1);
      }
      if (event.atMs > group.newestMs) group.newestMs = event.atMs;
      findings.add(group, group.head, periodStartMs, event);
    },
  };
}
