/**
 * Time-ordered ids, all but those of people's acts deterministic. A job's id depends only on the source and the sender's own batch key, so a repeated batch is
 * recognised; the time of its first receipt goes in front, so that ids sort by receipt and name the day they are stored under.
 */
import { createHash, randomUUID } from 'node:crypto';

/** Crockford's base 32: sorts as it counts. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function base32(value: number, length: number): string {
  let text = '';
  for (let rest = value, left = length; left > 0; left--) {
    text = digits[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** 80 bits of SHA-256 over the parts, as 16 characters. */
export function hashId(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  const bytes = hash.digest();
  let text = '';
  for (let index = 0; index < 10; index += 5) {
    const high = bytes.readUIntBE(index, 5);
    text += base32(high, 8);
  }
  return text;
}

/** The queue's id of a batch: same source and same sender's key, same id. */
export const jobId = (sourceId: string, batchKey: string): string => hashId('batch', sourceId, batchKey);

/** 26 characters: 10 of the first receipt in milliseconds, 16 of the job. */
export const batchId = (jobIdOfIt: string, receivedAt: string): string =>
  base32(Date.parse(receivedAt), 10) + jobIdOfIt;

/** The job of a batch id; undefined when the text cannot be one. */
export function jobOfBatch(id: string): string | undefined {
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id) ? id.slice(10) : undefined;
}

/** Id of the event made of record `offset` (from 0, below 2^30); `part` numbers the events of one record. */
export function eventId(ofBatch: string, offset: number, part = 0): string {
  const id = `${ofBatch}-${base32(offset, 6)}`;
  return part === 0 ? id : `${id}-${part}`;
}

/** Time-ordered id for things that happen at the center: 10 characters of `atMs`, 16 of the parts. */
export const timedId = (atMs: number, ...parts: readonly string[]): string =>
  base32(Math.max(0, atMs), 10) + hashId(...parts);

let lastActMs = -1;
let actsOfMs = 0;

/** Time-ordered id of what somebody did: those of one process keep their order within a millisecond too. Never the same twice. */
export function actId(atMs: number): string {
  actsOfMs = atMs === lastActMs ? actsOfMs + 1 : 0;
  lastActMs = atMs;
  return base32(Math.max(0, atMs), 10) + base32(actsOfMs, 4) + hashId(randomUUID()).slice(0, 12);
}
