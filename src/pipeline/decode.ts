/** Bytes of a record -> text, by the encoding its source declares. Never guesses, never replaces: what does not fit is a reject. */
import { RecordError } from '../connector.ts';
import type { Encoding } from '../model/member.ts';

const decoders = new Map<Encoding, TextDecoder>();

function decoderOf(encoding: Encoding): TextDecoder {
  let decoder = decoders.get(encoding);
  if (decoder === undefined) {
    decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    decoders.set(encoding, decoder);
  }
  return decoder;
}

/** Throws RecordError that names the encoding and the first byte that does not fit (from 0). */
export function decodeRecord(record: Uint8Array, encoding: Encoding): string {
  try {
    return decoderOf(encoding).decode(record);
  } catch {
    throw new RecordError(
      `byte ${firstBadByte(record, encoding)} is not ${encoding}; declare the encoding that the product writes, then replay`,
    );
  }
}

/** Bisects over prefixes: a prefix that only ends inside a character is still good. */
function firstBadByte(record: Uint8Array, encoding: Encoding): number {
  let good = 0;
  let bad = record.length;
  while (good + 1 < bad) {
    const middle = (good + bad) >>> 1;
    try {
      new TextDecoder(encoding, { fatal: true }).decode(record.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return good;
}
