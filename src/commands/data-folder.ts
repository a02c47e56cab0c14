/**
 * Work of a command on a center's stored documents, in its data folder or its Elasticsearch, beside a running center or without one.
 * Each change is saved together with its entry in the audit, as `cli:<user of this machine>`.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { ZodType } from 'zod';
import { type Config, loadConfig } from '../config.ts';
import { openStore } from '../engines.ts';
import { actId } from '../ids.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { CopyableStore } from '../store/copy.ts';
import { type Change, VersionConflict } from '../store/store.ts';
import { UsageError } from './arguments.ts';
import type { Io } from './io.ts';

/** Options of every such command, for its declaration. */
export const dataOptions = {
  data: { type: 'text', value: 'DIR', help: "folder of the center's data (dataDir of the configuration)" },
  config: {
    type: 'text',
    value: 'FILE',
    help: 'configuration file (default: hinomi.yml where it is started, if there)',
  },
} as const;

export interface Data {
  readonly store: CopyableStore;
  readonly config: Config;
  /** Its folder, resolved. */
  readonly dataDir: string;
  /** All or nothing, with the entry for the audit. Throws UsageError with `taken` where it exists already or was changed meanwhile. */
  save(
    changes: readonly Change[],
    act: Pick<AuditEntry, 'action' | 'target' | 'memberId' | 'before' | 'after'>,
    taken: string,
  ): Promise<void>;
}

/** Opens the store for the time of `work`. Throws UsageError where there is no such folder: a misspelt one must not become a new center. */
export async function withData<T>(
  io: Io,
  options: { readonly data: string | undefined; readonly config: string | undefined },
  work: (data: Data) => Promise<T>,
): Promise<T> {
  const config = loadConfig({ cwd: io.cwd, env: io.env, file: options.config, overrides: { dataDir: options.data } });
  const folder = resolve(io.cwd, config.dataDir);
  if (config.store.engine === 'sqlite' && !existsSync(folder)) {
    throw new UsageError(
      `there is no folder ${folder}; name the center's with --data DIR, or start "hinomi serve --data DIR" once to make it`,
    );
  }
  const host = await openStore({ ...config, dataDir: folder }, io.err);
  const { store } = host;
  try {
    return await work({
      store,
      config,
      dataDir: folder,
      async save(changes, act, taken) {
        try {
          await store.save([...changes, { kind: 'audit', doc: auditEntry(act) }]);
        } catch (error) {
          throw error instanceof VersionConflict ? new UsageError(taken) : error;
        }
      },
    });
  } finally {
    await host.close();
  }
}

/** Of what somebody at this machine does now. */
export function auditEntry(act: Pick<AuditEntry, 'action' | 'target' | 'memberId' | 'before' | 'after'>): AuditEntry {
  const now = Date.now();
  return {
    ...act,
    id: actId(now),
    at: new Date(now).toISOString(),
    actor: `cli:${machineUser()}`,
    reason: null,
    version: 1,
  };
}

function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no passwd file names.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** The value as the schema leaves it. Throws UsageError naming what is wrong with each property. */
export function checked<T>(schema: ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
}
