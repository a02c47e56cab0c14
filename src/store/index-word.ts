/**
 * A search term -> the word that stands for it in a store's index of words. Different terms may share a word: an index only proposes.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a word must not hold
const unsafe = /[\u0000-\u0020\u007f"'\\`]/g;

/** One token of a tokenizer that takes all of Unicode beyond ASCII, and of ASCII what is printable but for quotes and backslash. */
export const asciiSafeWord = (term: string): string =>
  term.replace(unsafe, (char) => String.fromCharCode(0xe000 + char.charCodeAt(0)));

/** White space, whoever says what that is; private use characters, which stand for others; halves of pairs, and what stands for those. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const needsCare = /[\s\u0000-\u001f\ud800-\udfff\ue000-\ue0ff\ufffd]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a word must not hold
const blank = /[\s\u0000-\u001f]/g;
const WORD_CHARS = 250;

/** One token of a tokenizer that cuts at white space and at 255 units; well-formed. */
export function blankFreeWord(term: string): string {
  // Hot: every term of every event.
  if (term.length <= WORD_CHARS && !needsCare.test(term)) return term;
  return term
    .slice(0, WORD_CHARS)
    .toWellFormed()
    .replace(blank, (char) => String.fromCharCode(0xe000 + (char.charCodeAt(0) & 0xff)));
}

/** Whether no other term has the term's blankFreeWord, which then is the term itself. */
export const hasOwnWord = (term: string): boolean => term.length < WORD_CHARS && !needsCare.test(term);
