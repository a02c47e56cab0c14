/** Zip archives for tests, whole ones and those that lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface Packed {
  readonly name: string | Buffer;
  readonly text: string | Buffer;
  readonly stored?: boolean;
  /** Sizes and check sum stand behind the data, and as zero before it. */
  readonly streamed?: boolean;
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly size?: number;
  /** Where its entry says that it lies. */
  readonly at?: number;
}

/** `wide`: sizes and offsets as zip64 has them. */
export function packZip(members: readonly Packed[], { comment = '', wide = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  const add = (...buffers: Buffer[]): void => {
    for (const buffer of buffers) {
      parts.push(buffer);
      offset += buffer.length;
    }
  };
  for (const member of members) {
    const name = Buffer.from(member.name as string);
    const body = Buffer.from(member.text as string);
    const packed = member.stored === true ? body : deflateRawSync(body);
    const at = member.at ?? offset;
    const crc = member.crc ?? crc32(body);
    const size = member.size ?? body.length;
    const method = member.method ?? (member.stored === true ? 0 : 8);
    const flags =
      (member.flags ?? 0) | (member.streamed === true ? 8 : 0) | (typeof member.name === 'string' ? 0x800 : 0);
    const head = numbers([4, 0x04034b50], [2, 20], [2, flags], [2, method], [4, 0]);
    const sizes = member.streamed === true ? [0, 0, 0] : [crc, packed.length, size];
    add(head, numbers(...sizes.map((value): Field => [4, value]), [2, name.length], [2, 0]), name, packed);
    if (member.streamed === true) add(numbers([4, 0x08074b50], [4, crc], [4, packed.length], [4, size]));
    const extra = wide ? numbers([2, 1], [2, 24], [8, size], [8, packed.length], [8, at]) : Buffer.alloc(0);
    const narrow = (value: number): number => (wide ? 0xffffffff : value);
    entries.push(
      numbers([4, 0x02014b50], [2, 0x0314], [2, 20], [2, flags], [2, method], [4, 0], [4, crc]),
      numbers(
        [4, narrow(packed.length)],
        [4, narrow(size)],
        [2, name.length],
        [2, extra.length],
        [2, 0],
        [2, 0],
        [2, 0],
      ),
      numbers([4, ((member.mode ?? 0o100644) << 16) >>> 0], [4, narrow(at)]),
      name,
      extra,
    );
  }
  const [from, directory] = [offset, Buffer.concat(entries)];
  const { length } = members;
  add(directory);
  if (wide) {
    const end64 = offset;
    add(numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, length], [8, length]));
    add(numbers([8, directory.length], [8, from]), numbers([4, 0x07064b50], [4, 0], [8, end64], [4, 1]));
  }
  const count: Field = [2, wide ? 0xffff : length];
  add(numbers([4, 0x06054b50], [2, 0], [2, 0], count, count, [4, directory.length], [4, from], [2, comment.length]));
  add(Buffer.from(comment, 'latin1'));
  return Buffer.concat(parts);
}

type Field = readonly [bytes: 2 | 4 | 8, value: number];

function numbers(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const buffer = Buffer.alloc(bytes);
      if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value));
      else buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}
