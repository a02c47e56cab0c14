/**
 * The worker's walk: batches from the queue become events, rejects and matches, durable before the queue is told.
 * Read it from top to bottom. Ids are deterministic, so a batch walked twice changes nothing.
 */
import { type Connector, RecordError, type SourceContext } from '../connector.ts';
import type { Engine } from '../detect/engine.ts';
import { batchId, eventId } from '../ids.ts';
import type { Match } from '../model/alert.ts';
import type { Batch, RecordsHead, Reject, TracedHead } from '../model/batch.ts';
import type { Event, Fields } from '../model/event.ts';
import type { Encoding, Source } from '../model/member.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { Job, LeasedJob, Queue } from '../queue/queue.ts';
import type { Store, WorkedBatch } from '../store/store.ts';
import type { Tracer } from '../telemetry/tracer.ts';
import { decodeRecord } from './decode.ts';
import { unpackFrame } from './frame.ts';
import { traceRecords } from './records-trace.ts';

/** One set of rules, as the worker needs it. */
export interface RulesAtWork {
  readonly engine: Engine;
  /** ECS fields that a match takes along (correlator's matchFields). */
  readonly matchFields: ReadonlySet<string>;
}

export interface RecordsParts {
  readonly store: Store;
  /** Where the batch's matches go, as one job. */
  readonly matches: Queue;
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Asked once for all batches that are worked together: no batch is matched by two sets. */
  readonly rules: () => RulesAtWork;
  readonly tracer: Tracer;
  readonly limits: {
    readonly maxRecordBytes: number;
    readonly keepRejectBytes: number;
    readonly maxFrameBytes: number;
  };
}

/** Sources as the worker knows them: read again after five seconds, so that a changed encoding takes effect soon. */
function createSources(store: Store): (sourceId: string) => Promise<Source> {
  const known = new Map<string, { at: number; source: Source }>();
  return async (sourceId) => {
    const cached = known.get(sourceId);
    if (cached !== undefined && Date.now() - cached.at < 5_000) return cached.source;
    const source = await store.get('source', CENTER_SCOPE, sourceId);
    if (source === undefined)
      throw new Error(`source ${sourceId} is not there any more; add it again and retry the batch`);
    known.set(sourceId, { at: Date.now(), source });
    return source;
  };
}

/** Handler for the queue of records. Resolves when everything of the jobs is durable. */
export function createRecordsWalk(parts: RecordsParts): (jobs: readonly LeasedJob[]) => Promise<void> {
  const sourceOf = createSources(parts.store);
  return async (jobs) => {
    const worked: WorkedBatch[] = [];
    const rules = parts.rules();
    const trace = traceRecords(parts.tracer);
    try {
      for (const job of jobs) {
        const head = JSON.parse(job.head) as RecordsHead;
        const source = await sourceOf(job.sourceId);
        worked.push(await trace.batch(job, head, () => walkBatch(parts, rules, job, head, source)));
      }
      await trace.store(() => parts.store.putBatches(worked));
      const withMatches = worked.filter((batch) => batch.matches.length > 0);
      if (withMatches.length > 0)
        await parts.matches.push(withMatches.map((batch) => toMatchesJob(batch, trace.headFor(batch.batchId))));
      trace.end();
    } catch (error) {
      trace.fail(error);
      throw error;
    }
  };
}

async function walkBatch(
  parts: RecordsParts,
  { engine, matchFields }: RulesAtWork,
  job: LeasedJob,
  { encoding }: RecordsHead,
  source: Source,
): Promise<WorkedBatch> {
  const batch: Batch = {
    id: batchId(job.id, job.receivedAt),
    memberId: job.memberId,
    sourceId: job.sourceId,
    receivedAt: job.receivedAt,
    records: job.records,
    encoding,
  };
  const connector = parts.connectors.get(source.type);
  if (connector === undefined) throw new Error(`source ${source.id}: there is no connector "${source.type}"`);
  const context: SourceContext = {
    timeZone: source.timeZone,
    receivedAt: job.receivedAt,
    config: connector.config.parse(source.config),
  };
  const events: Event[] = [];
  const rejects: Reject[] = [];
  const matches: Match[] = [];
  let parsed = 0;
  const records = await unpackFrame(job.body, parts.limits.maxFrameBytes);
  for (const [offset, record] of records.entries()) {
    const outcome = parseRecord(record, encoding, connector, context, parts.limits.maxRecordBytes);
    if (typeof outcome === 'string') {
      rejects.push(toReject(batch, offset, record, outcome, parts.limits.keepRejectBytes));
      continue;
    }
    parsed++;
    for (const [part, fields] of outcome.entries()) {
      const event = enrich(fields, batch, connector.type, eventId(batch.id, offset, part));
      const rules = engine.match(event);
      if (rules.length > 0) {
        event['hinomi.rules'] = rules.map((rule) => rule.id);
        const carried = pick(event, matchFields);
        for (const rule of rules) matches.push(toMatch(rule.id, event, carried));
      }
      events.push(event);
    }
  }
  const { id, memberId, sourceId, receivedAt } = batch;
  return { batchId: id, memberId, sourceId, receivedAt, records: batch.records, parsed, events, rejects, matches };
}

/** The record's events, or why there are none. */
function parseRecord(
  record: Uint8Array,
  encoding: Encoding,
  connector: Connector,
  context: SourceContext,
  maxRecordBytes: number,
): readonly Fields[] | string {
  if (record.length > maxRecordBytes) {
    return `the record has ${record.length} bytes, more than the ${maxRecordBytes} that one record may have (intake.maxRecordBytes)`;
  }
  try {
    const events = connector.parse(decodeRecord(record, encoding), context);
    return events.length > 0 ? events : 'the connector made no event of it';
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    // A connector's fault must not stop the batch: the record is kept and can be replayed once the connector is mended.
    return `the connector ${connector.type} failed on it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const DAY_MS = 86_400_000;

/**
 * What every event has. A clock more than a day ahead, or before 1990, is wrong: such an event is filed under its receipt and
 * keeps what it claimed, for it would stand on top of every list and drag every window with it.
 */
function enrich(fields: Fields, batch: Batch, dataset: string, id: string): Event {
  const claimed = fields['@timestamp'];
  const claimedMs = typeof claimed === 'string' ? Date.parse(claimed) : Number.NaN;
  const credible = claimedMs >= 631_152_000_000 && claimedMs <= Date.parse(batch.receivedAt) + DAY_MS;
  // Hot: the connector's own object, for a copy of so many fields costs as much as a rule.
  const event = fields as Event;
  event['@timestamp'] = credible ? (claimed as string) : batch.receivedAt;
  event['event.id'] = id;
  event['event.ingested'] = batch.receivedAt;
  event['event.dataset'] = dataset;
  event['organization.id'] = batch.memberId;
  event['hinomi.source_id'] = batch.sourceId;
  if (!credible && claimed !== undefined) event['hinomi.claimed_time'] = claimed;
  return event;
}

function toReject(batch: Batch, offset: number, record: Uint8Array, reason: string, keepBytes: number): Reject {
  return {
    id: eventId(batch.id, offset),
    memberId: batch.memberId,
    sourceId: batch.sourceId,
    receivedAt: batch.receivedAt,
    reason: `record ${offset}: ${reason.slice(0, 1000)}`,
    raw: Buffer.from(record.subarray(0, keepBytes)).toString('base64'),
    bytes: record.length,
    encoding: batch.encoding,
  };
}

function pick(event: Event, names: ReadonlySet<string>): Fields {
  const picked: Fields = {};
  for (const name of names) {
    if (!Object.hasOwn(event, name)) continue;
    const value = event[name] as Fields[string];
    picked[name] = typeof value === 'string' && value.length > 1_000 ? value.slice(0, 1_000) : value;
  }
  return picked;
}

const toMatch = (ruleId: string, event: Event, fields: Fields): Match => ({
  ruleId,
  eventId: event['event.id'],
  memberId: event['organization.id'],
  sourceId: event['hinomi.source_id'],
  atMs: Date.parse(event['@timestamp']),
  fields,
});

/** The batch's matches as the queue of matches takes them. */
export function toMatchesJob(batch: WorkedBatch, head: TracedHead = {}): Job {
  return {
    id: batch.batchId,
    memberId: batch.memberId,
    sourceId: batch.sourceId,
    records: batch.matches.length,
    receivedAt: batch.receivedAt,
    head: JSON.stringify(head),
    body: Buffer.from(JSON.stringify(batch.matches)),
  };
}
