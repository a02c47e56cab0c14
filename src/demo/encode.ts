/** Text -> bytes in the encodings that the demo's products write: the platform only decodes them, so the table is read backwards. */
import type { Encoding } from '../model/member.ts';

const tables = new Map<Encoding, Map<string, readonly number[]>>();

function doubleByteTable(encoding: Encoding): Map<string, readonly number[]> {
  const table = new Map<string, readonly number[]>();
  const decoder = new TextDecoder(encoding);
  for (let lead = 0x81; lead <= 0xfc; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const text = decoder.decode(Uint8Array.of(lead, trail));
      if ([...text].length === 1 && text !== '\ufffd' && !table.has(text)) table.set(text, [lead, trail]);
    }
  }
  return table;
}

/** Throws when a character is not in the encoding. utf-8, shift_jis and euc-jp only: the demo needs no other. */
export function encodeText(text: string, encoding: Encoding): Uint8Array {
  if (encoding === 'utf-8') return new TextEncoder().encode(text);
  if (encoding !== 'shift_jis' && encoding !== 'euc-jp') throw new Error(`the demo does not write ${encoding}`);
  const table = tables.get(encoding) ?? doubleByteTable(encoding);
  tables.set(encoding, table);
  return Uint8Array.from(
    [...text].flatMap((character) => {
      const code = character.codePointAt(0) as number;
      if (code < 0x80) return [code];
      const bytes = table.get(character);
      if (bytes === undefined) throw new Error(`"${character}" is not in ${encoding}`);
      return bytes;
    }),
  );
}
