/** Whether a disk has room, for every store that knows its disk. Asks no disk itself. */
import type { StoreHealth } from '../model/status.ts';

const GiB = 2 ** 30;
const LOW_SHARE = 0.1;
const LOW_BYTES = 5 * GiB;
/** A busy center writes so much in a minute or two. */
const FULL_BYTES = GiB / 4;

export interface Disk {
  /** As people know it: a folder, a node. */
  readonly name: string;
  /** What this program may still use, without what is kept for the system's administrator. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The health of a store on these disks, when all else is well: that of the fullest; bytes are those of all together. */
export function judgeDisks(disks: readonly Disk[]): StoreHealth {
  const [fullest] = disks.toSorted((a, b) => rank(a) - rank(b) || share(a) - share(b));
  if (fullest === undefined) return { ...well, diskFreeBytes: null, diskTotalBytes: null };
  const sums = {
    diskFreeBytes: disks.reduce((sum, { freeBytes }) => sum + freeBytes, 0),
    diskTotalBytes: disks.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
  };
  const left = `${(fullest.freeBytes / GiB).toFixed(1)} GiB (${Math.floor(share(fullest) * 100)} %) of the disk of ${fullest.name} are free`;
  if (rank(fullest) === 0) {
    const detail = `${left}: remove what is not needed, or enlarge the disk, now; once it is full nothing more is stored`;
    return { state: 'bad', reason: 'disk-full', detail, ...sums };
  }
  if (rank(fullest) === 1) {
    const detail = `${left}: enlarge the disk, or keep events for fewer days (retention.eventDays)`;
    return { state: 'strained', reason: 'disk-low', detail, ...sums };
  }
  return { ...well, ...sums };
}

const well = { state: 'good', reason: 'none', detail: '' } as const;

const share = ({ freeBytes, totalBytes }: Disk): number => (totalBytes === 0 ? 0 : freeBytes / totalBytes);

/** 0: full, 1: getting full, 2: has room. */
function rank(disk: Disk): 0 | 1 | 2 {
  if (disk.freeBytes < FULL_BYTES) return 0;
  return disk.freeBytes < LOW_BYTES || share(disk) < LOW_SHARE ? 1 : 2;
}
