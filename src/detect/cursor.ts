/**
 * The event an engine looks at, its fields as texts, each read and folded at most once per event.
 * Slots remember by generation: moving to the next event touches nothing.
 */
import type { Fields } from '../model/event.ts';
import { ownCopy } from '../own-copy.ts';
import { fold } from './fold.ts';
import { createNearText, isLong, type NearText } from './near-text.ts';
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
  /**
   * Whether a text no longer than `reach` could be new in this one: for questions that a folded text answers with no unless it holds
   * something of at most that length. The reach is the greatest ever asked for.
   */
  near(reach: number): () => NearView | undefined;
  /**
   * The same test of folded texts of this slot, asked once for each event where there is one text, whoever asks; the same key gives the
   * same.
   */
  share(key: string, test: (folded: string) => boolean): (folded: string) => boolean;
}

/** A long text as one known before, but for a piece of it; all folded. */
export interface NearView {
  readonly version: number;
  /** The text known; this one, where it is unlike what was known. */
  readonly known: string;
  /** All that may hold what the known one does not. */
  readonly differing: string;
  /** The known one stands unchanged before this place of it, and from the other on. */
  readonly before: number;
  readonly after: number;
}

export interface Cursor {
  move(event: Fields): void;
  /** The first of these fields that the event has. The same names give the same slot. */
  slot(names: readonly string[]): Slot;
  /** Every value that keywords may look into; never undefined. */
  everything: Slot;
}

/** Up to here a question takes no longer than finding out where a text differs from another. */
const longForQuestion = 1024;

export function createCursor(): Cursor {
  let event: Fields = {};
  let generation = 0;
  const slots = new Map<string, Slot>();

  const createSlot = (read: () => Texts): Slot => {
    let readAt = -1;
    let foldedAt = -1;
    let texts: Texts;
    let folded: Texts;
    let near: NearText | undefined;
    let reach = 0;
    let lookedAt = -1;
    let view: NearView | undefined;
    let known = '';
    const shared = new Map<string, (folded: string) => boolean>();
    const getTexts = () => {
      if (readAt !== generation) {
        texts = read();
        readAt = generation;
      }
      return texts;
    };
    const getFolded = () => {
      if (foldedAt !== generation) {
        const plain = getTexts();
        folded = plain === undefined ? undefined : typeof plain === 'string' ? fold(plain) : plain.map(fold);
        foldedAt = generation;
      }
      return folded;
    };
    const look = (): NearView | undefined => {
      if (lookedAt === generation) return view;
      lookedAt = generation;
      view = undefined;
      const text = getTexts();
      if (typeof text !== 'string' || !isLong(text, longForQuestion)) return undefined;
      near ??= createNearText();
      // Hot: a text that is nearly known is not folded as a whole.
      const relation = near.compare(text, reach);
      if (relation === 'unlike') return undefined;
      if (relation === 'known') known = ownCopy(getFolded() as string);
      view = {
        version: near.version,
        known,
        differing: relation === 'near' ? fold(text.slice(near.from, near.to)) : '',
        before: near.start,
        after: known.length - near.end,
      };
      return view;
    };
    return {
      texts: getTexts,
      folded: getFolded,
      share(key, test) {
        let asked = shared.get(key);
        if (asked === undefined) {
          let askedAt = -1;
          let answer = false;
          asked = (text) => {
            if (typeof getTexts() !== 'string') return test(text);
            if (askedAt !== generation) {
              answer = test(text);
              askedAt = generation;
            }
            return answer;
          };
          shared.set(key, asked);
        }
        return asked;
      },
      near(wanted) {
        if (wanted > reach) {
          reach = wanted;
          // Also for the event under the cursor, that others have looked at already.
          lookedAt = -1;
        }
        return look;
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

/** What an event's field holds, as texts. */
export function toTexts(value: unknown): Texts {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.filter(isScalar).map(canonicalText);
  return isScalar(value) ? canonicalText(value) : undefined;
}
