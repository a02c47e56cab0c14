/**
 * What a field's values led to last time: paths, users and parents repeat, and a look-up by value is cheaper than a search in it.
 * One budget for all fields of an engine; when it is spent, everything is forgotten, so hostile values cost time but no memory.
 */

export interface ValueMemory {
  /** The same function, remembering what it gave for short texts. What it gives must not change. */
  remember<T>(find: (text: string) => T): (text: string) => T;
}

/** Longer texts seldom repeat, and hashing them is not free. */
const maxLength = 1024;
/** Beside its units, what an entry takes, roughly, in units of two bytes. */
const entryCost = 50;

/** `budget`: units of text that may be remembered. */
export function createValueMemory(budget = 8 * 1024 * 1024): ValueMemory {
  const maps: Map<string, unknown>[] = [];
  let left = budget;
  return {
    remember<T>(find: (text: string) => T) {
      const known = new Map<string, T>();
      maps.push(known);
      return (text) => {
        if (text.length > maxLength) return find(text);
        let result = known.get(text);
        if (result === undefined) {
          result = find(text);
          left -= text.length + entryCost;
          if (left < 0) {
            for (const map of maps) map.clear();
            left = budget;
          }
          known.set(text, result);
        }
        return result;
      };
    },
  };
}
