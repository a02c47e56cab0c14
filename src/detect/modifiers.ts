/** The modifiers of Sigma 2.1, their aliases, and which of them go together. Knows no values. */
import { didYouMean, quoted } from './suggestion.ts';

/** Where several modifiers of one group stand at one item, the item has no meaning. */
type Group = 'place' | 'compare' | 'own' | 'time' | 'encode' | 'free';

const groups: ReadonlyMap<string, Group> = new Map<string, Group>([
  ['contains', 'place'],
  ['startswith', 'place'],
  ['endswith', 'place'],
  ['lt', 'compare'],
  ['lte', 'compare'],
  ['gt', 'compare'],
  ['gte', 'compare'],
  ['re', 'own'],
  ['cidr', 'own'],
  ['exists', 'own'],
  ['fieldref', 'own'],
  ['minute', 'time'],
  ['hour', 'time'],
  ['day', 'time'],
  ['week', 'time'],
  ['month', 'time'],
  ['year', 'time'],
  ['base64', 'encode'],
  ['base64offset', 'encode'],
  ['utf16le', 'encode'],
  ['utf16be', 'encode'],
  ['utf16', 'encode'],
  ['wide', 'encode'],
  ['all', 'free'],
  ['cased', 'free'],
  ['neq', 'free'],
  ['windash', 'free'],
  ['expand', 'free'],
  ['i', 'free'],
  ['m', 'free'],
  ['s', 'free'],
]);

const aliases: ReadonlyMap<string, string> = new Map([
  ['ignorecase', 'i'],
  ['multiline', 'm'],
  ['dotall', 's'],
]);

/** What may stand beside a modifier of its own kind. */
const besideOwn: Readonly<Record<string, readonly string[]>> = {
  re: ['i', 'm', 's', 'all', 'neq'],
  cidr: ['all', 'neq'],
  exists: ['neq'],
  fieldref: ['neq', 'all', 'cased', 'contains', 'startswith', 'endswith'],
};
const besideCompare = ['neq', 'all'];
const charEncodings = ['utf16le', 'utf16be', 'utf16', 'wide'];

/** Canonical names in the order written, or what is wrong with them. */
export function parseModifiers(written: readonly string[]): { modifiers: readonly string[] } | { problem: string } {
  const modifiers: string[] = [];
  for (const word of written) {
    const name = aliases.get(word) ?? word;
    if (!groups.has(name))
      return { problem: `unknown modifier ${quoted(word)}${didYouMean(word, [...groups.keys(), ...aliases.keys()])}` };
    if (modifiers.includes(name)) return { problem: `the modifier "${name}" stands here twice` };
    modifiers.push(name);
  }
  const problem = clash(modifiers);
  return problem === undefined ? { modifiers } : { problem };
}

function clash(modifiers: readonly string[]): string | undefined {
  const inGroup = (group: Group) => modifiers.filter((name) => groups.get(name) === group);
  for (const group of ['place', 'compare', 'own', 'time'] as const) {
    const [first, second] = inGroup(group);
    if (second !== undefined) return `the modifiers "${first}" and "${second}" do not go together; keep one`;
  }
  const allBeside = (name: string, allowed: readonly string[]) => {
    const other = modifiers.find((modifier) => modifier !== name && !allowed.includes(modifier));
    return other === undefined ? undefined : `the modifiers "${name}" and "${other}" do not go together; keep one`;
  };
  const [own] = inGroup('own');
  if (own !== undefined) return allBeside(own, besideOwn[own] ?? []);
  const flag = modifiers.find((name) => name === 'i' || name === 'm' || name === 's');
  if (flag !== undefined) return `the modifier "${flag}" is for regular expressions: put "re" before it`;
  const [compare] = inGroup('compare');
  const [time] = inGroup('time');
  if (compare !== undefined) return allBeside(compare, time === undefined ? besideCompare : [...besideCompare, time]);
  if (time !== undefined) return allBeside(time, besideCompare);
  return encodingClash(modifiers);
}

/** Encodings form a chain: windash and expand, then one of utf16 and its kin, then one of base64, then the place. */
function encodingClash(modifiers: readonly string[]): string | undefined {
  const rank = (name: string) =>
    name === 'windash' || name === 'expand'
      ? 0
      : charEncodings.includes(name)
        ? 1
        : name.startsWith('base64')
          ? 2
          : groups.get(name) === 'place'
            ? 3
            : undefined;
  if (!modifiers.some((name) => groups.get(name) === 'encode')) return undefined;
  let last: string | undefined;
  for (const name of modifiers) {
    const here = rank(name);
    if (here === undefined) continue;
    const before = last === undefined ? -1 : (rank(last) ?? -1);
    if (here < before) return `the modifier "${name}" must stand before "${last}"`;
    if (here === before && here > 0) return `the modifiers "${last}" and "${name}" do not go together; keep one`;
    last = name;
  }
  return undefined;
}
