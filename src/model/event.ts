/**
 * An event: one log record in Elastic Common Schema, flat.
 * Keys are dotted ECS names ("source.ip"), values scalars or arrays of scalars: one lookup serves Sigma, search and Elasticsearch.
 * Nesting, nulls and dates do not exist here; connectors flatten before they hand over.
 */

export type Scalar = string | number | boolean;
export type Fields = Record<string, Scalar | readonly Scalar[]>;

/** What every stored event has, whatever its product. */
export type Event = Fields & {
  /** When it happened, ISO 8601 UTC with milliseconds. From the record; the time of receipt where the record has none. */
  '@timestamp': string;
  /** `<batch id>-<offset>`: time-ordered by receipt and the same however often the batch is worked. */
  'event.id': string;
  /** When the center received it, ISO 8601 UTC. */
  'event.ingested': string;
  /** The connector's type, e.g. "fortinet-fortigate". */
  'event.dataset': string;
  /** Member that the event belongs to. */
  'organization.id': string;
  /** Source that it came through, e.g. "kita-hospital.vpn". */
  'hinomi.source_id': string;
};
