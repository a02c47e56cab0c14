/** The state of a member out of those of its sources: sums, and the worst health. Pure. */
import type { Health, SourceView } from '../types.ts';

export interface MemberSum {
  readonly sources: number;
  readonly received: number;
  readonly rejects: number;
  readonly refused: number;
  readonly lastReceivedAt: string | null;
  /** A member without sources has never sent. */
  readonly health: Health;
}

/** A source not connected yet does not make a sending member look bad; one that fell silent or fails does. */
const worstFirst: readonly Health[] = ['failing', 'silent', 'ok', 'never'];

export function sumSources(sources: readonly SourceView[]): MemberSum {
  return {
    sources: sources.length,
    received: sources.reduce((sum, source) => sum + source.counters.received, 0),
    rejects: sources.reduce((sum, source) => sum + source.counters.rejects, 0),
    refused: sources.reduce((sum, source) => sum + source.counters.refused, 0),
    lastReceivedAt: sources.reduce<string | null>((newest, source) => {
      if (source.lastReceivedAt === null) return newest;
      return newest === null || source.lastReceivedAt > newest ? source.lastReceivedAt : newest;
    }, null),
    health: worstFirst.find((health) => sources.some((source) => source.health === health)) ?? 'never',
  };
}
