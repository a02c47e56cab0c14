/**
 * Which rules see which events, and under which names: the tables of rules/fields compiled into one value.
 * Routing is correctness, not only speed: a rule that only negates would fire on every event of other products.
 */
import type { Fields } from '../model/event.ts';
import { ownCopy } from '../own-copy.ts';
import { fold } from './fold.ts';
import { canonicalText, isScalar } from './number-text.ts';
import type { MappingTable, Place, When } from './parse-mapping.ts';
import type { LogSource } from './rule.ts';

/** How a rule reads one event. */
export interface Lens {
  /** Two lenses of one log source with the same key are the same. */
  readonly key: string;
  /** Fields of our events that a Sigma name may mean here: the first that the event has counts. Never empty. */
  names(field: string): readonly string[];
}

export interface Mapping {
  /** Undefined when rules of this log source do not see the event. Slow and plain: asks every condition of the tables. */
  lens(source: LogSource, event: Fields): Lens | undefined;
  /** Two events of one class have the same lens for every log source. */
  classOf(event: Fields): number | string;
  /** Hot: the same for events that have exactly the fields `names`, from their values in that order. */
  classifier(names: readonly string[]): (values: readonly unknown[]) => number | string;
  /** Whether any event could reach rules of this log source. */
  routes(source: LogSource): boolean;
  /** Every field that a Sigma name may mean for this log source, conditions left aside; for listing what to keep and show. */
  fields(source: LogSource, field: string): readonly string[];
}

const sameNames: Lens = { key: '', names: (field) => [field] };

/** No tables: every rule sees every event, names stay as they are. For events that already carry Sigma's names. */
export const identityMapping: Mapping = {
  lens: () => sameNames,
  classOf: () => 0,
  classifier: () => () => 0,
  routes: () => true,
  fields: (_source, field) => [field],
};

/**
 * One mapping over all tables. A rule agrees with an event of a table on each of product, category and service that it names;
 * where several tables could serve, the first does.
 */
export function createMapping(tables: readonly MappingTable[]): Mapping {
  const readers = tables.map(createTableReader);
  const classifier = createClassifier(tables);
  return {
    lens(source, event) {
      for (const reader of readers) {
        const lens = reader.lens(source, event);
        if (lens !== undefined) return lens;
      }
      return undefined;
    },
    classOf: (event) => classifier(Object.keys(event))(Object.values(event)),
    classifier,
    routes: (source) => tables.some((table) => agrees(table, source)),
    fields(source, field) {
      const names = readers.flatMap((reader, index) =>
        agrees(tables[index] as MappingTable, source) ? reader.everyName(source, field) : [],
      );
      return names.length === 0 ? [field] : [...new Set(names)];
    },
  };
}

function agrees(table: MappingTable, source: LogSource): boolean {
  return (
    (source.product === undefined || source.product === table.product) &&
    (source.service === undefined || table.services.has(source.service)) &&
    (source.category === undefined || table.categories.has(source.category))
  );
}

function createTableReader(table: MappingTable) {
  const targets = new Set<string>();
  const collect = (fields: Place['fields']) => {
    for (const names of fields.values()) for (const name of names) targets.add(name);
  };
  const collectPlaces = (places: readonly Place[]) => {
    for (const place of places) collect(place.fields);
  };
  collect(table.fields);
  collectPlaces(table.places);
  for (const places of table.categories.values()) collectPlaces(places);
  for (const places of table.services.values()) collectPlaces(places);

  /** Its entries, in the order of precedence; then the prefix, unless the name is one of ours already. */
  const resolve = (field: string, places: readonly Place[]): readonly string[] => {
    const names: string[] = [];
    for (const { fields } of [...places, table]) names.push(...(fields.get(field) ?? []));
    const ours = targets.has(field) || field.includes('.') || field.startsWith('@');
    names.push(ours || table.otherwise === undefined ? field : table.otherwise + field);
    return [...new Set(names)];
  };
  const lenses = new Map<string, Lens>();

  return {
    lens(source: LogSource, event: Fields): Lens | undefined {
      if (!agrees(table, source) || !whenHolds(table.when, event)) return undefined;
      const services =
        source.service === undefined
          ? []
          : (table.services.get(source.service) ?? []).filter((place) => placeHolds(place, event));
      if (source.service !== undefined && services.length === 0) return undefined;
      const categories =
        source.category === undefined
          ? []
          : (table.categories.get(source.category) ?? []).filter((place) => placeHolds(place, event));
      if (source.category !== undefined && categories.length === 0) return undefined;
      const holding = table.places.map((place) => placeHolds(place, event));
      const withFields = [...categories, ...services].filter((place) => place.fields.size > 0);
      const marks = withFields.map((place) => placeNumbers.get(place)).join('.');
      const key = `${table.file} ${marks} ${holding.map((holds) => (holds ? '1' : '0')).join('')}`;
      let lens = lenses.get(key);
      if (lens === undefined) {
        const places = [...withFields, ...table.places.filter((_, index) => holding[index])];
        const known = new Map<string, readonly string[]>();
        lens = {
          key,
          names(field) {
            let names = known.get(field);
            if (names === undefined) {
              names = resolve(field, places);
              known.set(field, names);
            }
            return names;
          },
        };
        lenses.set(key, lens);
      }
      return lens;
    },
    everyName(source: LogSource, field: string): readonly string[] {
      const categories = source.category === undefined ? [] : (table.categories.get(source.category) ?? []);
      const services = source.service === undefined ? [] : (table.services.get(source.service) ?? []);
      return resolve(field, [...categories, ...services, ...table.places]);
    },
  };
}

/** Numbers for places, so that lenses made of the same places have the same key. */
const placeNumbers = (() => {
  const numbers = new WeakMap<Place, number>();
  let next = 0;
  return {
    get(place: Place): number {
      const known = numbers.get(place) ?? next++;
      numbers.set(place, known);
      return known;
    },
  };
})();

function placeHolds(place: Place, event: Fields): boolean {
  return place.when.every((when) => whenHolds(when, event));
}

/** Lists never meet a condition: what routes is one value of the record's own. */
function whenHolds(when: When, event: Fields): boolean {
  for (const [field, values] of when) {
    const text = routingText(event, field);
    if (text === undefined) return false;
    if (!values.some((value) => value === '*' || fold(value) === text)) return false;
  }
  return true;
}

function routingText(event: Fields, field: string): string | undefined {
  if (!Object.hasOwn(event, field)) return undefined;
  const value = event[field];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? fold(canonicalText(value))
    : undefined;
}

/**
 * A class is which of the values that any condition names stand in the fields that conditions look at: one digit per field,
 * 0 missing, 1 any other value.
 */
function createClassifier(tables: readonly MappingTable[]): Mapping['classifier'] {
  const valuesOf = new Map<string, Map<string, number>>();
  const note = (when: When) => {
    for (const [field, values] of when) {
      const known = valuesOf.get(field) ?? new Map<string, number>();
      valuesOf.set(field, known);
      for (const value of values) if (value !== '*' && !known.has(fold(value))) known.set(fold(value), known.size + 2);
    }
  };
  for (const table of tables) {
    note(table.when);
    for (const place of [
      ...table.places,
      ...[...table.services.values()].flat(),
      ...[...table.categories.values()].flat(),
    ]) {
      place.when.forEach(note);
    }
  }
  let classes = 1;
  // Hot: as keys of an object V8 holds names once, and finds them among an event's by their addresses.
  const fields = Object.keys(Object.fromEntries(valuesOf)).map((field) => {
    const values = valuesOf.get(field) as ReadonlyMap<string, number>;
    const weight = classes;
    classes *= values.size + 2;
    return { field, values, weight };
  });
  const asText = classes > Number.MAX_SAFE_INTEGER;

  return (names) => {
    const digits: Digit[] = [];
    for (let index = 0; index < fields.length; index++) {
      const { field, values, weight } = fields[index] as (typeof fields)[number];
      const at = names.indexOf(field);
      if (at >= 0) digits.push({ at, values, weight, last: undefined, digit: 0 });
    }
    if (asText) {
      const present = digits.map(({ at }) => names[at]).join('\n');
      return (values) => `${digits.map((digit) => digitOf(digit, values)).join('.')}\n${present}`;
    }
    return (values) => {
      let key = 0;
      for (let index = 0; index < digits.length; index++) {
        const digit = digits[index] as Digit;
        key += digitOf(digit, values) * digit.weight;
      }
      return key;
    };
  };
}

/** A field that conditions look at, in events of one shape. */
interface Digit {
  /** Which of the event's fields. */
  readonly at: number;
  /** Folded values that conditions name. */
  readonly values: ReadonlyMap<string, number>;
  readonly weight: number;
  /** The value that was asked about last, where it is worth keeping, and what it is. */
  last: unknown;
  digit: number;
}

const longestRemembered = 100;

function digitOf(digit: Digit, values: readonly unknown[]): number {
  const value = values[digit.at];
  // Hot: what routes events is mostly the same in all events of one shape.
  if (value === digit.last && value !== undefined) return digit.digit;
  const found = isScalar(value) ? (digit.values.get(fold(canonicalText(value))) ?? 1) : 0;
  if (typeof value === 'number' || (typeof value === 'string' && value.length <= longestRemembered)) {
    digit.last = typeof value === 'string' ? ownCopy(value) : value;
    digit.digit = found;
  }
  return found;
}
