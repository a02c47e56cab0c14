/**
 * The center without its queues and stores: records through their connector, the engine and the correlator, with all rules of this
 * folder. For tests that ask what a log would raise.
 */
import { fileURLToPath } from 'node:url';
import { connectors } from '../connectors/index.ts';
import { createCorrelator } from '../src/correlate/correlator.ts';
import type { Finding } from '../src/correlate/finding.ts';
import { compileRules } from '../src/detect/compile.ts';
import type { RuleHead } from '../src/detect/rule.ts';
import type { Match } from '../src/model/alert.ts';
import type { Event, Fields } from '../src/model/event.ts';
import { readRuleFolder } from '../src/rule-folder.ts';

export const rulesFolder = fileURLToPath(new URL('.', import.meta.url));
export const folder = await readRuleFolder(rulesFolder);
export const engine = compileRules(folder.set, folder.mapping);
const rulesById = new Map<string, RuleHead>(
  [...folder.set.rules, ...folder.set.correlations].map((rule) => [rule.id, rule]),
);
const types = new Map(
  connectors.map((connector) => [connector.type, { connector, config: connector.config.parse({}) }] as const),
);

export interface LogRecord {
  readonly member: string;
  readonly dataset: string;
  readonly record: string;
  /** When it arrives, ISO 8601 UTC; the time of records that do not say theirs. */
  readonly receivedAt: string;
}

/** A raw record by the connector of that name, with the default settings of a source. Throws what the connector throws. */
export function parseRecord(
  dataset: string,
  record: string,
  receivedAt = '2026-11-20T09:00:00.000Z',
): readonly Fields[] {
  const type = types.get(dataset);
  if (type === undefined) throw new Error(`there is no connector "${dataset}"`);
  return type.connector.parse(record, { timeZone: 'Asia/Tokyo', receivedAt, config: type.config });
}

export interface Watch {
  add(records: readonly LogRecord[]): void;
  /** `member: title of the rule`, each once, in order. */
  raised(): readonly string[];
  findings(): readonly Finding[];
}

/** A watch over members that begins knowing nothing. */
export function createWatch(): Watch {
  const correlator = createCorrelator({
    rules: engine.rules,
    correlations: folder.set.correlations,
    ecsField: folder.mapping.ecsFields,
  });
  const found: Finding[] = [];
  let number = 0;
  return {
    add(records) {
      const matches = records.flatMap((record): readonly Match[] =>
        matchesOf(record, `event-${number++}`, correlator.matchFields),
      );
      found.push(...correlator.add(matches));
    },
    raised: () =>
      [
        ...new Set(found.map(({ memberId, ruleId }) => `${memberId}: ${rulesById.get(ruleId)?.title ?? ruleId}`)),
      ].sort(),
    findings: () => found,
  };
}

function matchesOf(log: LogRecord, id: string, carried: ReadonlySet<string>): readonly Match[] {
  const sourceId = `${log.member}.${log.dataset}`;
  return parseRecord(log.dataset, log.record, log.receivedAt).flatMap((parsed, part) => {
    const event: Event = {
      '@timestamp': log.receivedAt,
      ...parsed,
      'event.id': `${id}-${part}`,
      'event.ingested': log.receivedAt,
      'event.dataset': log.dataset,
      'organization.id': log.member,
      'hinomi.source_id': sourceId,
    };
    const rules = engine.match(event);
    if (rules.length === 0) return [];
    const fields = Object.fromEntries(Object.entries(event).filter(([name]) => carried.has(name)));
    return rules.map(
      (rule): Match => ({
        ruleId: rule.id,
        eventId: event['event.id'],
        memberId: log.member,
        sourceId,
        atMs: Date.parse(event['@timestamp']),
        fields,
      }),
    );
  });
}
