/**
 * A table of rules/fields/*.yml: which events a log source of Sigma means, and where our events keep Sigma's field names.
 * Checks the file and spells out its shorthands; what the tables do to an event is mapping.ts.
 *
 *   product: windows                     # what rules must name, or leave out; may be missing
 *   when: { winlog.channel: '*' }        # events of this table: every field has one of the values; '*' = any value
 *   otherwise: winlog.event_data.        # a name without an entry lives under this prefix; without it, under its own name
 *   services: { sysmon: { when: … } }    # events of a service, among those of the table
 *   categories: { dns_query: [ { service: sysmon, when: …, fields: … } ] }
 *                                        # any entry will do; its fields are only for rules that name the category
 *   fields: { EventID: event.code }      # everywhere in the table; several places are tried in order
 *   places: [ { service: sysmon, when: …, fields: … } ]   # only in such events; tried before `fields`
 */
import { createReporter, type Reporter, refuseOtherKeys, textOf, textsOf } from './reporter.ts';
import type { Problem } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';
import { readYaml } from './yaml.ts';
import { entryOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** Every field has one of its values; `*` stands for any value. Compared as text, case ignored. */
export type When = ReadonlyMap<string, readonly string[]>;
export type FieldNames = ReadonlyMap<string, readonly string[]>;

export interface Place {
  /** All of these must hold: conditions of the service that it names, and its own. */
  readonly when: readonly When[];
  readonly fields: FieldNames;
}

export interface MappingTable {
  readonly file: string;
  readonly product: string | undefined;
  readonly when: When;
  readonly otherwise: string | undefined;
  /** An event is of the service when one of these holds. */
  readonly services: ReadonlyMap<string, readonly Place[]>;
  readonly categories: ReadonlyMap<string, readonly Place[]>;
  readonly fields: FieldNames;
  readonly places: readonly Place[];
}

/** `table` is undefined when there is an error. Never throws. */
export function parseMapping(
  text: string,
  file: string,
): { table: MappingTable | undefined; problems: readonly Problem[] } {
  const { documents, problems } = readYaml(text, file);
  const report = createReporter(file);
  const [document] = documents;
  if (document?.kind !== 'map' || documents.length > 1) {
    if (problems.length === 0)
      report.error(
        document ?? { line: 1, column: 1 },
        'a table of fields is one document, a map with the keys when, fields, …',
      );
    return { table: undefined, problems: [...problems, ...report.problems] };
  }
  const table = parseTable(document, file, report);
  const failed = report.failed() || problems.length > 0;
  return { table: failed ? undefined : table, problems: [...problems, ...report.problems] };
}

const tableKeys = ['product', 'when', 'otherwise', 'services', 'categories', 'fields', 'places'];

function parseTable(document: YamlMap, file: string, report: Reporter): MappingTable {
  refuseOtherKeys(document, tableKeys, 'a table', report);
  const services = parsePlaces(document, 'services', new Map(), report);
  const categories = parsePlaces(document, 'categories', services, report);
  const placesNode = entryOf(document, 'places')?.value;
  const places = placesNode === undefined ? [] : parsePlaceList(placesNode, 'places', services, report);
  const otherwise = textOf(document, 'otherwise', report, 200);
  if (entryOf(document, 'when') === undefined)
    report.error(document, 'the table needs "when": which events it speaks of');
  return {
    file,
    product: textOf(document, 'product', report, 200)?.toLowerCase(),
    when: parseWhen(document, report),
    otherwise,
    services,
    categories,
    fields: parseFields(document, report),
    places,
  };
}

function parsePlaces(
  document: YamlMap,
  key: string,
  services: ReadonlyMap<string, readonly Place[]>,
  report: Reporter,
): ReadonlyMap<string, readonly Place[]> {
  const entry = entryOf(document, key);
  const places = new Map<string, readonly Place[]>();
  if (entry === undefined) return places;
  if (entry.value.kind !== 'map') {
    report.error(entry, `${key} must be a map of names`);
    return places;
  }
  for (const { key: name, value } of entry.value.entries)
    places.set(name.toLowerCase(), parsePlaceList(value, name, services, report));
  return places;
}

function parsePlaceList(
  node: YamlNode,
  name: string,
  services: ReadonlyMap<string, readonly Place[]>,
  report: Reporter,
): readonly Place[] {
  const items = node.kind === 'list' ? node.items : [node];
  return items.flatMap((item) => {
    if (item.kind !== 'map') {
      report.error(item, `${quoted(name)} needs a map such as { when: … }`);
      return [];
    }
    refuseOtherKeys(item, ['service', 'when', 'fields'], quoted(name), report);
    const own = parseWhen(item, report);
    const fields = parseFields(item, report);
    const wanted = textsOf(item, 'service', report);
    if (wanted.length === 0) return [{ when: [own], fields }];
    return wanted.flatMap((service) => {
      const known = services.get(service);
      if (known === undefined)
        report.error(
          item,
          `there is no service ${quoted(service)} in this table${didYouMean(service, services.keys())}`,
        );
      return (known ?? []).map((place) => ({ when: [...place.when, own], fields }));
    });
  });
}

function parseWhen(map: YamlMap, report: Reporter): When {
  const entry = entryOf(map, 'when');
  const when = new Map<string, readonly string[]>();
  if (entry === undefined) return when;
  if (entry.value.kind !== 'map') {
    report.error(entry, 'when must be a map of fields and their values');
    return when;
  }
  for (const at of entry.value.entries) {
    const { key } = at;
    const values = textsOf(entry.value, key, report);
    if (values.length === 0) report.error(at, `${quoted(key)} needs at least one value; '*' stands for any`);
    when.set(key, values);
  }
  return when;
}

function parseFields(map: YamlMap, report: Reporter): FieldNames {
  const entry = entryOf(map, 'fields');
  const fields = new Map<string, readonly string[]>();
  if (entry === undefined) return fields;
  if (entry.value.kind !== 'map') {
    report.error(entry, "fields must be a map of Sigma's names and ours");
    return fields;
  }
  for (const at of entry.value.entries) {
    const { key } = at;
    const names = textsOf(entry.value, key, report);
    if (names.length === 0) report.error(at, `${quoted(key)} needs the name of a field of our events`);
    fields.set(key, names);
  }
  return fields;
}
