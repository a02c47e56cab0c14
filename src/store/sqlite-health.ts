/** Whether the embedded store's files can be read and have room. Looks at each file's place, and into the newest; mends nothing. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import type { StoreHealth } from '../model/status.ts';
import { judgeDisks } from './disk.ts';
import type { Days } from './sqlite-days.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { dayPath } from './sqlite-format.ts';

export function health({ state, days }: { state: SqliteFile; days: Days }, folder: string): StoreHealth {
  const { diskFreeBytes, diskTotalBytes, ...room } = judgeFolder(folder);
  const disk = { diskFreeBytes, diskTotalBytes };
  try {
    readFiles(state, days, folder);
  } catch (error) {
    return { state: 'bad', reason: 'unreadable', detail: (error as Error).message, ...disk };
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const detail = `${folder}: nothing can be written there (${(error as Error).message}); check that the disk is not mounted read-only, and that the folder belongs to the user the center runs as`;
    return { state: 'bad', reason: 'read-only', detail, ...disk };
  }
  return { ...room, ...disk };
}

function judgeFolder(folder: string): StoreHealth {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return judgeDisks([{ name: folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize }]);
  } catch {
    return judgeDisks([]);
  }
}

/** Throws with the name of the first file that is no good. */
function readFiles(state: SqliteFile, days: Days, folder: string): void {
  // A file that is open can still be read when it was taken away.
  if (!existsSync(state.path)) throw new Error(`${state.path}: it was taken away; stop the center and put it back`);
  const all = state.read(() => days.all());
  for (const day of all) {
    const path = dayPath(folder, day);
    if (!existsSync(path))
      throw new Error(`${path}: it was taken away; put it back, or restart the center to go on without it`);
  }
  const newest = all[0] === undefined ? undefined : days.open(all[0]);
  newest?.read(() => newest.sql('SELECT events FROM span').get());
}
