/**
 * What a field's values led to last time: paths, users and parents repeat, and a look-up by value is cheaper than a search in it.
 * One budget for all fields of an engine; when it is spent, everything is forgotten, so hostile values cost time but no memory.
 */

import { ownCopy } from '../own-copy.ts';
import type { Question, Slot } from './cursor.ts';

export interface ValueMemory {
  /** The same function, remembering what it gave for texts that are not long. What it gives must not change. */
  remember(find: (text: string) => readonly number[]): (text: string) => readonly number[];
  /** The same question, its answer remembered by the value of the slot; it must depend on nothing else. */
  answer(slot: Slot, ask: Question): Question;
  /** To be called when the cursor has moved. */
  move(): void;
  /** What functions gave, and answers, are worked out anew. */
  forget(): void;
}

/** Longer texts seldom repeat, and hashing takes half a nanosecond a unit. */
const maxLength = 2048;
/** Beside its units, what an entry takes, roughly, in units of two bytes. */
const entryCost = 50;

/** `budget`: units of text that may be remembered. */
export function createValueMemory(budget = 8 * 1024 * 1024): ValueMemory {
  const maps: Map<string, unknown>[] = [];
  const rowsOf = new Map<Slot, () => RowKeeper>();
  let left = budget;
  let generation = 0;

  const forget = () => {
    for (const map of maps) map.clear();
    left = budget;
  };
  const spend = (cost: number) => {
    left -= cost;
    if (left < 0) forget();
  };
  const createMap = <T>(): Map<string, T> => {
    const map = new Map<string, T>();
    maps.push(map);
    return map;
  };

  const createRows = (slot: Slot): (() => RowKeeper) => {
    const rows = createMap<Uint8Array>();
    const keeper: RowKeeper = { row: undefined, questions: 0 };
    let readAt = -1;
    return () => {
      if (readAt === generation) return keeper;
      readAt = generation;
      keeper.row = undefined;
      const text = slot.texts();
      if (typeof text !== 'string' || text.length > maxLength) return keeper;
      const known = rows.get(text);
      if (known === undefined) {
        // Hot: a value gets its row when it comes a second time; most of those that never do cost no more than this.
        spend(text.length + entryCost);
        rows.set(ownCopy(text), noRow);
      } else if (known.length < keeper.questions) {
        const grown = new Uint8Array(keeper.questions + 16);
        grown.set(known);
        spend(grown.length);
        rows.set(text, grown);
        keeper.row = grown;
      } else keeper.row = known;
      return keeper;
    };
  };

  return {
    move() {
      generation++;
    },
    forget,
    remember(find) {
      const known = createMap<readonly number[]>();
      return (text) => {
        if (text.length > maxLength) return find(text);
        let result = known.get(text);
        if (result === undefined) {
          result = find(text);
          spend(text.length + entryCost + result.length * 4);
          known.set(ownCopy(text), result);
        }
        return result;
      };
    },
    answer(slot, ask) {
      const rows = rowsOf.get(slot) ?? createRows(slot);
      rowsOf.set(slot, rows);
      const number = rows().questions++;
      return () => {
        const { row } = rows();
        if (row === undefined) return ask();
        const known = row[number];
        if (known === yes) return true;
        if (known === no) return false;
        const answer = ask();
        // A row from before this question was compiled has no room for it: then nothing is kept.
        row[number] = answer ? yes : no;
        return answer;
      };
    },
  };
}

const no = 1;
const yes = 2;
const noRow = new Uint8Array(0);

interface RowKeeper {
  /** Answers about the value under the cursor, by question; undefined where none are kept. */
  row: Uint8Array | undefined;
  questions: number;
}
