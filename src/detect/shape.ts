/**
 * Which fields an event has: events that one program writes have the same names in the same order, so what depends on the names alone
 * is worked out once for each such shape. Knows nothing of values.
 */

export interface Shapes<T> {
  /** What was made for events with these names, made now where it is not known. */
  of(names: readonly string[]): T;
  forget(): void;
}

interface Shape<T> {
  readonly names: readonly string[];
  readonly made: T;
}

/** Of so many names in all: those that came most often lately. */
const mostOfLength = 8;
/** An event of more names is a shape by itself. */
const mostNames = 256;

/** `make` is asked at least once for each list of names, and again when it was forgotten; it must depend on nothing else. */
export function createShapes<T>(make: (names: readonly string[]) => T): Shapes<T> {
  const byLength: Shape<T>[][] = Array.from({ length: mostNames + 1 }, () => []);
  return {
    of(names) {
      const shapes = byLength[names.length];
      if (shapes === undefined) return make(names);
      // Hot: names are texts that V8 holds once, so comparing them is comparing addresses.
      for (let index = 0; index < shapes.length; index++) {
        const shape = shapes[index] as Shape<T>;
        if (!isSame(shape.names, names)) continue;
        // A step forward: what comes once, as where names are in no order, never pushes out what comes often.
        if (index > 0) {
          shapes[index] = shapes[index - 1] as Shape<T>;
          shapes[index - 1] = shape;
        }
        return shape.made;
      }
      const made = make(names);
      shapes[Math.min(shapes.length, mostOfLength - 1)] = { names, made };
      return made;
    },
    forget() {
      for (const shapes of byLength) shapes.length = 0;
    },
  };
}

/** Of as many names. */
function isSame(left: readonly string[], right: readonly string[]): boolean {
  // Events of other kinds begin alike and end differently.
  for (let index = left.length - 1; index >= 0; index--) if (left[index] !== right[index]) return false;
  return true;
}
