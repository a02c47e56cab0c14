/**
 * What an index of words holds of events: words, pairs of neighbours in CJK runs, and `field=value` for fields to pivot on; words hold
 * no "=". Queries ask for the same terms (terms.ts). Remembers words and entities; keeps nothing else of an event.
 */
import type { Fields, Scalar } from '../model/event.ts';
import { ownCopy } from '../own-copy.ts';
import { entityFields, notFreeText } from './fields.ts';
import { CJK, classAt, classOfUnit, normalise, SEARCHED_CHARS, SEPARATOR, WORD } from './normalise.ts';
import { entityTerm, TERM_CHARS } from './terms.ts';
import { createWordTable, HASH_START, hashUnit } from './word-table.ts';

export interface TermCollector {
  add(event: Fields): void;
  /**
   * All terms added since the last time, as `wordOf` spells them, with blanks between. Each once; a word that is made to look like
   * many others perhaps again.
   */
  take(): string;
}

/** More are forgotten when the terms are taken. */
const KNOWN_WORDS = 32_768;
/** Of a field; the next one forgets them. */
const KNOWN_ENTITIES = 4_096;
/** Longer ones seldom repeat. */
const KNOWN_ENTITY_CHARS = 256;
const FIRST_UNITS = 65_536;
const BLANK = 32;
const ASCII_END = 128;

/** For one thread and one store. `wordOf` is asked for all terms but those of ASCII letters and digits alone, which stay as they are. */
export function createTermCollector(wordOf: (term: string) => string): TermCollector {
  const words = createWordTable();
  /** By the word's number: the taking in which it was found last. */
  let foundIn = new Uint32Array(KNOWN_WORDS);
  /** Field -> value -> word. */
  const entities = new Map<string, Map<string, string>>();
  let taking = 1;
  let units = new Uint16Array(FIRST_UNITS);
  /** What was found: words of ASCII, a blank before each, and all others. */
  let plain = Buffer.allocUnsafe(FIRST_UNITS);
  let plainLength = 0;
  const others = new Set<string>();

  // Hot: no string is made of a word, neither for looking it up nor for the list.
  function addWord(start: number, end: number, hash: number, all: number): void {
    const number = words.numberOf(units, start, end, hash);
    if (number !== undefined) {
      if (number >= foundIn.length) {
        const more = new Uint32Array(2 * number);
        more.set(foundIn);
        foundIn = more;
      }
      if (foundIn[number] === taking) return;
      foundIn[number] = taking;
    }
    if (all >= ASCII_END) {
      others.add(wordOf(String.fromCharCode(...units.subarray(start, end))));
      return;
    }
    if (plainLength + end - start >= plain.length) plain = Buffer.concat([plain], 2 * plain.length);
    plain[plainLength++] = BLANK;
    for (let at = start; at < end; at++) plain[plainLength++] = units[at] as number;
  }

  function addPair(at: number): void {
    const [first, second] = [units[at] as number, units[at + 1] as number];
    addWord(at, at + 2, hashUnit(hashUnit(HASH_START, first), second), ASCII_END);
  }

  /** Text is normalised. */
  function addText(text: string): void {
    const { length } = text;
    if (length >= units.length) units = new Uint16Array(2 * length);
    Buffer.from(units.buffer).write(text, 'utf16le');
    // Hot: once for each letter of each event, so what it reads lies in constants, and the text ends with a unit that ends a word.
    const [at16, classes] = [units, classOfUnit];
    at16[length] = BLANK;
    for (let at = 0; at < length; at++) {
      let kind = classes[at16[at] as number] as number;
      if (kind > CJK) kind = classAt(text, at);
      if (kind === SEPARATOR) continue;
      if (kind === CJK) {
        if (classAt(text, at + 1) === CJK) addPair(at);
        continue;
      }
      const start = at;
      const longest = start + TERM_CHARS;
      let hash = HASH_START;
      let all = 0;
      do {
        const unit = at16[at] as number;
        if (at < longest) {
          hash = hashUnit(hash, unit);
          all |= unit;
        }
        kind = classes[at16[++at] as number] as number;
        if (kind > CJK) kind = classAt(text, at);
      } while (kind === WORD);
      addWord(start, at < longest ? at : longest, hash, all);
      // What ended the word may begin something else.
      at--;
    }
  }

  function addEntity(field: string, value: string): void {
    let ofField = entities.get(field);
    if (ofField === undefined) {
      ofField = new Map();
      entities.set(field, ofField);
    }
    let word = ofField.get(value);
    if (word === undefined) {
      word = wordOf(entityTerm(field, normalise(value)));
      if (ofField.size >= KNOWN_ENTITIES) ofField.clear();
      if (value.length <= KNOWN_ENTITY_CHARS) ofField.set(ownCopy(value), word);
    }
    others.add(word);
  }

  /** Values that are looked at, one a line: no word goes over the end of a line, whatever normalising does. */
  let lines: string[] = [];

  function addValue(field: string, scalar: Scalar): void {
    const value = typeof scalar === 'string' ? scalar : String(scalar);
    if (entityFields.has(field)) addEntity(field, value);
    if (!notFreeText.has(field)) lines.push(value.length > SEARCHED_CHARS ? value.slice(0, SEARCHED_CHARS) : value);
  }

  return {
    add(event) {
      for (const field of Object.keys(event)) {
        const value = event[field];
        if (Array.isArray(value)) for (const one of value) addValue(field, one);
        else addValue(field, value as Scalar);
      }
      addText(normalise(lines.join('\n')));
      lines = [];
    },
    take() {
      const text = plain.toString('latin1', Math.min(plainLength, 1), plainLength);
      const all = others.size === 0 ? text : `${text}${text === '' ? '' : ' '}${[...others].join(' ')}`;
      others.clear();
      plainLength = 0;
      taking++;
      if (words.size > KNOWN_WORDS) {
        words.clear();
        foundIn = new Uint32Array(KNOWN_WORDS);
      }
      return all;
    },
  };
}
