/**
 * Words as units of UTF-16 -> numbers, the same for the same word, counted from 0: an open-addressing table over one array of units,
 * which makes no string and no object. Grows as it must; forgets only when it is told to.
 */
export interface WordTable {
  /** Words it knows. */
  readonly size: number;
  /**
   * Number of the word at units[start] to units[end - 1]. `hash` is hashUnit of each in turn, from HASH_START. Undefined where so many
   * others hash alike that looking for it costs too much, which somebody would have to do on purpose.
   */
  numberOf(units: Uint16Array, start: number, end: number, hash: number): number | undefined;
  clear(): void;
}

/** FNV-1a over units. */
export const HASH_START = 0x811c9dc5 | 0;
export const hashUnit = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** Slots at the beginning; a power of two. */
const SLOTS = 65_536;
const UNITS = 262_144;
/** Words that look alike to the table, one after another, before it gives up; at half of the slots taken it is never seen by chance. */
const MAX_STEPS = 64;

export function createWordTable(): WordTable {
  /** Number + 1, or 0 where there is none. */
  let slots = new Uint32Array(SLOTS);
  let hashes = new Int32Array(SLOTS / 2);
  /** Where each word begins in `kept`; it ends where the next one begins. */
  let begins = new Uint32Array(SLOTS / 2 + 1);
  let kept = new Uint16Array(UNITS);
  let size = 0;

  /** Kept units are whole words one after another, and at most half of the slots are taken. */
  function grow(length: number): void {
    const used = begins[size] as number;
    if (used + length > kept.length) {
      const more = new Uint16Array(2 * (used + length));
      more.set(kept);
      kept = more;
    }
    if (2 * size < slots.length) return;
    slots = new Uint32Array(2 * slots.length);
    const moreHashes = new Int32Array(slots.length / 2);
    moreHashes.set(hashes);
    hashes = moreHashes;
    const moreBegins = new Uint32Array(slots.length / 2 + 1);
    moreBegins.set(begins);
    begins = moreBegins;
    for (let number = 0; number < size; number++) slots[freeSlot(hashes[number] as number)] = number + 1;
  }

  /** FNV leaves its best bits on top. */
  const firstSlot = (hash: number): number => (hash ^ (hash >>> 15)) & (slots.length - 1);

  function freeSlot(hash: number): number {
    let slot = firstSlot(hash);
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
    return slot;
  }

  function isWord(number: number, units: Uint16Array, start: number, end: number): boolean {
    const begin = begins[number] as number;
    if ((begins[number + 1] as number) - begin !== end - start) return false;
    for (let at = start, other = begin; at < end; at++, other++) if (units[at] !== kept[other]) return false;
    return true;
  }

  return {
    get size() {
      return size;
    },
    // Hot: once for each word of each event.
    numberOf(units, start, end, hash) {
      let slot = firstSlot(hash);
      let steps = 0;
      for (let taken = slots[slot] as number; taken !== 0; taken = slots[slot] as number) {
        if (hashes[taken - 1] === hash && isWord(taken - 1, units, start, end)) return taken - 1;
        if (++steps > MAX_STEPS) return undefined;
        slot = (slot + 1) & (slots.length - 1);
      }
      grow(end - start);
      const begin = begins[size] as number;
      for (let at = start; at < end; at++) kept[begin + at - start] = units[at] as number;
      hashes[size] = hash;
      begins[size + 1] = begin + end - start;
      slots[freeSlot(hash)] = size + 1;
      return size++;
    },
    clear() {
      size = 0;
      slots = new Uint32Array(SLOTS);
      hashes = new Int32Array(SLOTS / 2);
      begins = new Uint32Array(SLOTS / 2 + 1);
      kept = new Uint16Array(UNITS);
    },
  };
}
