/** Records as they come out of a file, some at a time. */
import type { Encoding } from '../model/member.ts';

/** A record that has its number in the file, and cannot be read. */
export interface Unreadable {
  readonly reason: string;
}

export interface RecordLot {
  readonly records: readonly (Uint8Array | Unreadable)[];
  readonly encoding: Encoding;
  /** Unpacked, that were read since the last lot. */
  readonly bytes: number;
  /** Damage to the file itself that reading got over. */
  readonly problems?: readonly string[];
}
