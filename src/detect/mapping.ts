/**
 * Which rules see which events, and under which names: the tables of rules/fields compiled into one value.
 * Routing is correctness, not only speed: a rule that only negates would fire on every event of other products.
 */
import type { Fields } from '../model/event.ts';
import { fold } from './fold.ts';
import { canonicalText } from './number-text.ts';
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
  /** Hot: two events of one class have the same lens for every log source. */
  classOf(event: Fields): number | string;
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
  routes: () => true,
  fields: (_source, field) => [field],
};

/**
 * One mapping over all tables. A rule agrees with an event of a table on each of product, category and service that it names;
 * where several tables could serve, the first does.
 */
export function createMapping(tables: readonly MappingTable[]): Mapping {
  const readers = tables.map(createTableReader);
  return {
    lens(source, event) {
      for (const reader of readers) {
        const lens = reader.lens(source, event);
        if (lens !== undefined) return lens;
      }
      return undefined;
    },
    classOf: createClassifier(tables),
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

const longestRemembered = 100;
const mostRemembered = 1_000;

/**
 * A class is which of the values that any condition names stand in the fields that conditions look at: one digit per field,
 * 0 missing, 1 any other value.
 */
function createClassifier(tables: readonly MappingTable[]): (event: Fields) => number | string {
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
  const digits = [...valuesOf].map(([field, values]) => ({
    field,
    values,
    size: values.size + 2,
    // Hot: what a text led to before, so that it is folded once. Only texts of the record itself get here.
    known: new Map<string, number>(),
  }));
  const classes = digits.reduce((product, { size }) => product * size, 1);
  const digitOf = (digit: (typeof digits)[number], event: Fields): number => {
    const value = event[digit.field];
    // Hot: most fields are missing in most events.
    if (value === undefined) return 0;
    if (typeof value === 'string' && value.length <= longestRemembered) {
      const known = digit.known.get(value);
      if (known !== undefined) return known;
    }
    const text = routingText(event, digit.field);
    const found = text === undefined ? 0 : (digit.values.get(text) ?? 1);
    if (typeof value === 'string' && value.length <= longestRemembered) {
      if (digit.known.size >= mostRemembered) digit.known.clear();
      digit.known.set(value, found);
    }
    return found;
  };
  if (classes > Number.MAX_SAFE_INTEGER) return (event) => digits.map((digit) => digitOf(digit, event)).join('.');
  return (event) => {
    let key = 0;
    for (const digit of digits) key = key * digit.size + digitOf(digit, event);
    return key;
  };
}
