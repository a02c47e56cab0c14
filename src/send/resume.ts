/**
 * How far a file was delivered, kept in a small file of its own: the length of the prefix that the center has, and its hash, by which
 * a file that was replaced under the same name is told from one that grew.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Delivered {
  /** Bytes of unpacked text, counted from the beginning without a gap, that are durable at the center. */
  readonly offset: number;
  /** SHA-256 of these bytes, hex. */
  readonly sha256: string;
  /** Non-blank lines in them. */
  readonly records: number;
  /** Records a batch: kept for the rest of the file, for another size would cut other batches with other keys. */
  readonly batch: number;
}

/** Where the state of a delivery is kept; the file, the center and the key make it one. Holds no secret. */
export function stateFile(
  env: Readonly<Record<string, string | undefined>>,
  path: string,
  url: string,
  keyId: string,
): string {
  const name = createHash('sha256')
    .update(JSON.stringify([path, url, keyId]))
    .digest('hex')
    .slice(0, 32);
  return join(stateFolder(env), 'hinomi', 'send', `${name}.json`);
}

function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env.XDG_STATE_HOME?.startsWith('/')) return env.XDG_STATE_HOME;
  const home = env.HOME ?? homedir();
  return home === '' ? tmpdir() : join(home, '.local', 'state');
}

/** Undefined when there is none, or when it cannot be read: then everything is sent again, and the center knows what it has. */
export async function readDelivered(file: string): Promise<Delivered | undefined> {
  try {
    const { offset, sha256, records, batch } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const counts = [offset, records, batch].every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
    if (!counts || typeof sha256 !== 'string' || batch === 0) return undefined;
    return { offset: offset as number, sha256, records: records as number, batch: batch as number };
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole. */
export async function writeDelivered(file: string, delivered: Delivered): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, JSON.stringify(delivered), { mode: 0o600 });
  await rename(fresh, file);
}
