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

/** Canonical names in the order written, as many as were written; or what is wrong, and with which of them, from 0. */
export function parseModifiers(
  written: readonly string[],
): { modifiers: readonly string[] } | { problem: string; index: number } {
  const modifiers: string[] = [];
  for (const [index, word] of written.entries()) {
    const name = aliases.get(word) ?? word;
    if (!groups.has(name)) {
      const near = didYouMean(word, [...groups.keys(), ...aliases.keys()]);
      return { problem: `unknown modifier ${quoted(word)}${near}`, index };
    }
    if (modifiers.includes(name)) return { problem: `the modifier "${name}" stands here twice`, index };
    modifiers.push(name);
  }
  const clash = findClash(modifiers);
  return clash === undefined ? { modifiers } : { problem: clash.problem, index: modifiers.indexOf(clash.at) };
}

interface Clash {
  readonly problem: string;
  /** The modifier that is one too many. */
  readonly at: string;
}

const notTogether = (name: string, other: string): Clash => ({
  problem: `the modifiers "${name}" and "${other}" do not go together; keep one`,
  at: other,
});

function findClash(modifiers: readonly string[]): Clash | undefined {
  const inGroup = (group: Group) => modifiers.filter((name) => groups.get(name) === group);
  for (const group of ['place', 'compare', 'own', 'time'] as const) {
    const [first, second] = inGroup(group);
    if (first !== undefined && second !== undefined) return notTogether(first, second);
  }
  const allBeside = (name: string, allowed: readonly string[]) => {
    const other = modifiers.find((modifier) => modifier !== name && !allowed.includes(modifier));
    return other === undefined ? undefined : notTogether(name, other);
  };
  const [own] = inGroup('own');
  if (own !== undefined) return allBeside(own, besideOwn[own] ?? []);
  const flag = modifiers.find((name) => name === 'i' || name === 'm' || name === 's');
  if (flag !== undefined)
    return { problem: `the modifier "${flag}" is for regular expressions: put "re" before it`, at: flag };
  const [compare] = inGroup('compare');
  const [time] = inGroup('time');
  if (compare !== undefined) return allBeside(compare, time === undefined ? besideCompare : [...besideCompare, time]);
  if (time !== undefined) return allBeside(time, besideCompare);
  return encodingClash(modifiers);
}

/** Encodings form a chain: windash and expand, then one of utf16 and its kin, then one of base64, then the place. */
function encodingClash(modifiers: readonly string[]): Clash | undefined {
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
    if (last !== undefined && here < before)
      return { problem: `the modifier "${name}" must stand before "${last}"`, at: name };
    if (last !== undefined && here === before && here > 0) return notTogether(last, name);
    last = name;
  }
  return undefined;
}
