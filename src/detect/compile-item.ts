/** One prepared detection item -> a question to the cursor, specialised by what its patterns look like. */
import { createNetworkTest } from './cidr.ts';
import type { Cursor, Question, Slot, Texts } from './cursor.ts';
import { fold } from './fold.ts';
import { createGate } from './gate.ts';
import { compileGlob } from './glob.ts';
import type { Lens } from './mapping.ts';
import { mostReferred, type Needle, type Place, type Prepared, type Test } from './needles.ts';
import { compareNumbers, parseNumber, timePart } from './number-text.ts';
import { anyRun, mapLiterals, type Pattern } from './pattern.ts';
import { compileRegex, type RegexTest } from './regex-test.ts';

type TextTest = (text: string) => boolean;

export function compileItem(item: Prepared, lens: Lens, cursor: Cursor): Question {
  const slotOf = (field: string) => cursor.slot(lens.names(field));
  const slot = item.field === undefined ? cursor.everything : slotOf(item.field);
  const question = compileTest(item.test, item.all, slot, slotOf);
  return item.negate ? () => !question() : question;
}

function compileTest(test: Test, all: boolean, slot: Slot, slotOf: (field: string) => Slot): Question {
  switch (test.kind) {
    case 'exists':
      return () => (slot.texts() !== undefined) === test.present;
    case 'pattern':
      return compilePatterns(test.groups, test.cased, all, slot);
    case 'regex': {
      const questions = test.sources.map((source) => askRegex(compileRegex(source, test.flags, slot.share), slot));
      return all ? () => questions.every((question) => question()) : () => questions.some((question) => question());
    }
    case 'cidr': {
      const tests = all
        ? test.networks.map((network) => createNetworkTest([network]))
        : [createNetworkTest(test.networks)];
      return ask(tests, all, slot.texts);
    }
    case 'compare': {
      const { op, part } = test;
      const read = part === undefined ? parseNumber : (text: string) => timePart(text, part);
      const tests = test.numbers.map(
        (number): TextTest =>
          (text) => {
            const value = read(text);
            return value !== undefined && compareNumbers(value, op, number);
          },
      );
      return ask(tests, all, slot.texts);
    }
    default: {
      const { place, cased } = test;
      const questions = test.fields.map((field) => {
        const other = slotOf(field);
        return (): boolean =>
          anyPair(cased ? slot.texts() : slot.folded(), cased ? other.texts() : other.folded(), place);
      });
      return all ? () => questions.every((question) => question()) : () => questions.some((question) => question());
    }
  }
}

function askRegex(test: RegexTest, slot: Slot): Question {
  const foldedAt = (at: number): string => {
    const folded = slot.folded();
    return typeof folded === 'string' ? folded : ((folded as readonly string[])[at] as string);
  };
  const foldedFirst = () => foldedAt(0);
  return () => {
    const texts = slot.texts();
    if (typeof texts === 'string') return test(texts, foldedFirst);
    return texts?.some((text, at) => test(text, () => foldedAt(at))) ?? false;
  };
}

function anyPair(left: Texts, right: Texts, place: Place): boolean {
  if (left === undefined || right === undefined) return false;
  // Hot: one value on each side is the usual case.
  if (typeof left === 'string' && typeof right === 'string')
    return place === 'equal' ? left === right : standsIn(left, right, place);
  const lefts = typeof left === 'string' ? [left] : left;
  const rights = typeof right === 'string' ? [right] : right;
  if (place === 'equal') {
    const known = new Set(rights);
    return lefts.some((text) => known.has(text));
  }
  const others = rights.slice(0, mostReferred);
  return lefts.slice(0, mostReferred).some((text) => others.some((other) => standsIn(text, other, place)));
}

function standsIn(text: string, other: string, place: Place): boolean {
  if (place === 'contains') return text.includes(other);
  return place === 'startswith' ? text.startsWith(other) : text.endsWith(other);
}

/** Each test is asked of every value of the field; a test holds when any value passes it. */
function ask(tests: readonly TextTest[], all: boolean, read: () => Texts): Question {
  const questions = (all ? tests : [anyOf(tests)]).map((test): Question => {
    return () => {
      const texts = read();
      if (typeof texts === 'string') return test(texts);
      if (texts === undefined) return false;
      for (let index = 0; index < texts.length; index++) if (test(texts[index] as string)) return true;
      return false;
    };
  });
  const [only] = questions;
  if (only !== undefined && questions.length === 1) return only;
  return () => {
    for (let index = 0; index < questions.length; index++) if (!(questions[index] as Question)()) return false;
    return true;
  };
}

function anyOf(tests: readonly TextTest[]): TextTest {
  const [first, second] = tests;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (tests.length === 2) return (text) => first(text) || second(text);
  return (text) => {
    for (let index = 0; index < tests.length; index++) if ((tests[index] as TextTest)(text)) return true;
    return false;
  };
}

function compilePatterns(groups: readonly (readonly Needle[])[], cased: boolean, all: boolean, slot: Slot): Question {
  const compileGroup = (needles: readonly Needle[]): Question => {
    const patterns = needles.filter((needle) => needle !== null);
    const holds = askNeedles(patterns, cased, slot);
    if (patterns.length === needles.length) return holds;
    const missing: Question = () => slot.texts() === undefined;
    return patterns.length === 0 ? missing : () => missing() || holds();
  };
  if (!all) return compileGroup(groups.flat());
  // Hot: what is long is rare, and looked for faster.
  const questions = groups.toSorted((a, b) => shortestOf(b) - shortestOf(a)).map(compileGroup);
  return () => {
    for (let index = 0; index < questions.length; index++) if (!(questions[index] as Question)()) return false;
    return true;
  };
}

function shortestOf(needles: readonly Needle[]): number {
  return needles.reduce((least, needle) => Math.min(least, needle === null ? 0 : unitsOf(needle)), Number.MAX_VALUE);
}

function unitsOf(pattern: Pattern): number {
  return pattern.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
}

/** Patterns joined by `or`. */
function askNeedles(patterns: readonly Pattern[], cased: boolean, slot: Slot): Question {
  const { test, parts } = compileNeedles(patterns, cased);
  if (parts?.length === 0) return ask([test], true, slot.texts);
  const plainly = ask([test], true, cased ? slot.texts : slot.folded);
  return cased || parts === undefined ? plainly : askNear(parts, test, plainly, slot);
}

/** Whether any of some texts stands in a long one: what was found in the one before is found where it was, or looked for anew. */
function askNear(parts: readonly string[], test: TextTest, plainly: Question, slot: Slot): Question {
  const look = slot.near(parts.reduce((most, { length }) => Math.max(most, length), 0));
  let version = -1;
  /** In the known text. */
  let found: { from: number; to: number } | undefined;
  return () => {
    const view = look();
    if (view === undefined) return plainly();
    if (version !== view.version) {
      version = view.version;
      found = test(view.known) ? firstOf(parts, view.known) : undefined;
    }
    if (found === undefined) return view.differing !== '' && test(view.differing);
    return found.to <= view.before || found.from >= view.after || plainly();
  };
}

/** The one that ends first. */
function firstOf(parts: readonly string[], text: string): { from: number; to: number } {
  let first = { from: -1, to: Number.POSITIVE_INFINITY };
  for (const part of parts) {
    const from = text.indexOf(part);
    if (from >= 0 && from + part.length < first.to) first = { from, to: from + part.length };
  }
  return first;
}

interface CompiledNeedles {
  readonly test: TextTest;
  /** Where it only asks whether any of these stands in the text; none: any text will do. */
  readonly parts: readonly string[] | undefined;
}

/** Patterns joined by `or`, sorted by form: whole texts in a set, then starts, ends and parts, then wildcards inside. */
function compileNeedles(patterns: readonly Pattern[], cased: boolean): CompiledNeedles {
  const wholes = new Set<string>();
  const starts = new Set<string>();
  const ends = new Set<string>();
  const parts = new Set<string>();
  const globs: TextTest[] = [];
  for (const written of patterns) {
    const pattern = cased ? written : mapLiterals(written, fold);
    const [first, second, third] = pattern;
    if (pattern.length === 1 && first === anyRun) return { test: () => true, parts: [] };
    if (first === undefined) wholes.add('');
    else if (pattern.length === 1 && typeof first === 'string') wholes.add(first);
    else if (pattern.length === 2 && typeof first === 'string' && second === anyRun) starts.add(first);
    else if (pattern.length === 2 && first === anyRun && typeof second === 'string') ends.add(second);
    else if (pattern.length === 3 && first === anyRun && typeof second === 'string' && third === anyRun)
      parts.add(second);
    else globs.push(compileGlob(pattern));
  }
  const tests: TextTest[] = [];
  if (wholes.size > 0) tests.push(wholeTest(wholes));
  if (starts.size > 0) tests.push(listTest([...starts], (text, needle) => text.startsWith(needle)));
  if (ends.size > 0) tests.push(listTest([...ends], (text, needle) => text.endsWith(needle)));
  const onlyParts = parts.size > 0 && tests.length + globs.length === 0;
  if (parts.size > 0) tests.push(partTest([...parts]));
  return { test: anyOf([...tests, ...globs]), parts: onlyParts ? [...parts] : undefined };
}

function wholeTest(wholes: ReadonlySet<string>): TextTest {
  const [only] = wholes;
  return only !== undefined && wholes.size === 1 ? (text) => text === only : (text) => wholes.has(text);
}

// Hot: from a few needles on, one expression for all of them is faster than a search for each; too many at once slow it down.
const worthGate = 4;
const gateSize = 50;

function partTest(parts: readonly string[]): TextTest {
  if (parts.length < worthGate) return listTest(parts, (text, needle) => text.includes(needle));
  const gates: TextTest[] = [];
  for (let from = 0; from < parts.length; from += gateSize)
    gates.push(createGate(parts.slice(from, from + gateSize), 'as is'));
  return anyOf(gates);
}

// Hot: the comparison is passed in, but each list gets its own closure over one needle where there is only one.
function listTest(needles: readonly string[], fits: (text: string, needle: string) => boolean): TextTest {
  const [only] = needles;
  if (only !== undefined && needles.length === 1) return (text) => fits(text, only);
  return (text) => {
    for (let index = 0; index < needles.length; index++) if (fits(text, needles[index] as string)) return true;
    return false;
  };
}
