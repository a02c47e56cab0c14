/**
 * The event an engine looks at, its fields as texts, each read and folded at most once per event.
 * Slots remember by generation: moving to the next event touches nothing.
 */
import type { Fields } from '../model/event.ts';
import { fold } from './fold.ts';
import { canonicalText, isScalar } from './number-text.ts';
import { isSearchable } from './searchable.ts';

/** Asks something of the event under the cursor. */
export type Question = () => boolean;
/** One text, several, or undefined: the field is missing. */
export type Texts = string | readonly string[] | undefined;

export interface Slot {
  /** As the event has it. */
  texts(): Texts;
  /** Case ignored. */
  folded(): Texts;
}

export interface Cursor {
  move(event: Fields): void;
  /** The first of these fields that the event has. The same names give the same slot. */
  slot(names: readonly string[]): Slot;
  /** Every value that keywords may look into; never undefined. */
  everything: Slot;
}

export function createCursor(): Cursor {
  let event: Fields = {};
  let generation = 0;
  const slots = new Map<string, Slot>();

  const createSlot = (read: () => Texts): Slot => {
    let readAt = -1;
    let foldedAt = -1;
    let texts: Texts;
    let folded: Texts;
    const getTexts = () => {
      if (readAt !== generation) {
        texts = read();
        readAt = generation;
      }
      return texts;
    };
    return {
      texts: getTexts,
      folded() {
        if (foldedAt !== generation) {
          const plain = getTexts();
          folded = plain === undefined ? undefined : typeof plain === 'string' ? fold(plain) : plain.map(fold);
          foldedAt = generation;
        }
        return folded;
      },
    };
  };
  const readFirst = (names: readonly string[]) => (): Texts => {
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      const value = event[name];
      // Hot: whether it is the event's own is only asked when something was found.
      if (value === undefined || !Object.hasOwn(event, name)) continue;
      const texts = toTexts(value);
      if (texts !== undefined) return texts;
    }
    return undefined;
  };
  const readAll = (): Texts => {
    const all: string[] = [];
    for (const name of Object.keys(event)) {
      if (!isSearchable(name)) continue;
      const texts = toTexts(event[name]);
      if (typeof texts === 'string') all.push(texts);
      else if (texts !== undefined) for (const text of texts) all.push(text);
    }
    return all;
  };

  return {
    move(next) {
      event = next;
      generation++;
    },
    slot(names) {
      const key = JSON.stringify(names);
      let slot = slots.get(key);
      if (slot === undefined) {
        slot = createSlot(readFirst(names));
        slots.set(key, slot);
      }
      return slot;
    },
    everything: createSlot(readAll),
  };
}

function toTexts(value: unknown): Texts {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.filter(isScalar).map(canonicalText);
  return isScalar(value) ? canonicalText(value) : undefined;
}
