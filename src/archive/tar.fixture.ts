/** Tar archives for tests, also such as no tar would make. */

/** One entry: a ustar header with the right checksum, and the body filled up to a block. */
export function tarEntry(name: string | Buffer, body: string, kind = '0'): Buffer {
  const header = Buffer.alloc(512);
  (typeof name === 'string' ? Buffer.from(name) : name).copy(header, 0);
  const bytes = Buffer.from(body);
  header.write('0000644\0', 100);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(kind, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function tarOf(files: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.concat([...Object.entries(files).map(([name, body]) => tarEntry(name, body)), Buffer.alloc(1024)]);
}
