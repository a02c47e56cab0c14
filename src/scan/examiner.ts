/**
 * One record -> its events and the rules that match them: the worker's walk of a record, without member, source and store.
 * Gives an event no id and no time of its own.
 */
import { type Connector, RecordError, type SourceContext } from '../connector.ts';
import type { SigmaRule } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';
import type { Encoding } from '../model/member.ts';
import { decodeRecord } from '../pipeline/decode.ts';

export interface ExaminerOptions {
  readonly connector: Connector;
  readonly context: SourceContext;
  readonly match: (event: Fields) => readonly SigmaRule[];
  /** A longer record is rejected, as the center would. */
  readonly maxRecordBytes: number;
}

export interface RuleHit {
  readonly rule: SigmaRule;
  /** The event's own time, where it has one. */
  readonly time: string | null;
}

export interface Examined {
  readonly events: readonly Fields[];
  /** In the order of rule ids; a rule once, however many of the record's events it matches. */
  readonly hits: readonly RuleHit[];
}

/** The answer is a text when there is no event: the reason. */
export function createExaminer(
  options: ExaminerOptions,
): (record: Uint8Array, encoding: Encoding) => Examined | string {
  const { connector, context, match, maxRecordBytes } = options;
  return (record, encoding) => {
    if (record.length > maxRecordBytes) return `${record.length} bytes, more than the ${maxRecordBytes} of a record`;
    let parsed: readonly Fields[];
    try {
      parsed = connector.parse(decodeRecord(record, encoding), context);
    } catch (error) {
      if (error instanceof RecordError) return error.message;
      return `the connector ${connector.type} failed on it: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (parsed.length === 0) return 'the connector made no event of it';
    const events = parsed.map((fields): Fields => ({ ...fields, 'event.dataset': connector.type }));
    const hits: RuleHit[] = [];
    for (const event of events) {
      const time = event['@timestamp'];
      for (const rule of match(event)) {
        if (events.length > 1 && hits.some((hit) => hit.rule === rule)) continue;
        hits.push({ rule, time: typeof time === 'string' ? time : null });
      }
    }
    if (events.length > 1) hits.sort((a, b) => (a.rule.id < b.rule.id ? -1 : a.rule.id > b.rule.id ? 1 : 0));
    return { events, hits };
  };
}
