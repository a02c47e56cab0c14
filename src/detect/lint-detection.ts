/** Lints of selections: fields, modifiers and values that mean something else than they look like. The condition is lint-condition.ts. */
import type { Lint } from './lint-report.ts';
import { quoted } from './suggestion.ts';
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-tree.ts';

/** `detection` may be that of a rule, or a filter: its entries are selections, but for those named here. */
export const noSelections = ['condition', 'timeframe', 'rules'];

export function lintDetection(detection: YamlMap, lint: Lint): void {
  for (const { key, value } of detection.entries) {
    if (!noSelections.includes(key)) lintSelection(value, lint);
  }
}

function lintSelection(node: YamlNode, lint: Lint): void {
  if (node.kind === 'map') for (const item of node.entries) lintItem(item, lint);
  else
    for (const part of node.kind === 'list' ? node.items : [node]) {
      if (part.kind === 'map') lintSelection(part, lint);
      else if (part.kind === 'scalar') lintValue(part, '', [], lint);
    }
}

function lintItem(item: YamlEntry, lint: Lint): void {
  const [field = '', ...modifiers] = item.key.split('|');
  if (/\s/.test(field))
    lint('field', item, `the field ${quoted(field)} has blanks; Sigma writes names of fields without them`);
  const values = item.value.kind === 'list' ? item.value.items : [item.value];
  for (const value of values) {
    if (value.kind === 'scalar') lintValue(value, field, modifiers, lint);
  }
}

/** Modifiers under which a value is no text with wildcards. */
const noText = ['re', 'cidr', 'fieldref', 'exists', 'lt', 'lte', 'gt', 'gte'];

function lintValue(node: YamlScalar, field: string, modifiers: readonly string[], lint: Lint): void {
  if (typeof node.value !== 'string') return;
  const text = node.value;
  if (text === '') {
    if (field === '' || modifiers.some((modifier) => ['contains', 'startswith', 'endswith'].includes(modifier)))
      lint('empty', node, 'an empty text stands in every value; take it out, or write \'*\' to mean "anything"');
    return;
  }
  if (modifiers.includes('re')) lintRegex(node, text, field, modifiers, lint);
  if (modifiers.some((modifier) => noText.includes(modifier))) return;
  const place =
    field === '' ? 'contains' : ['contains', 'startswith', 'endswith'].find((name) => modifiers.includes(name));
  lintWildcards(node, text, field, place, lint);
  lintBlanks(node, text, place, lint);
  lintEscapedStar(node, text, lint);
}

function lintWildcards(node: YamlScalar, text: string, field: string, place: string | undefined, lint: Lint): void {
  const leads = text.startsWith('*');
  const trails = endsWithWildcard(text);
  const plain = text.slice(leads ? 1 : 0, trails ? -1 : undefined);
  if (plain === '') return;
  const superfluous =
    place === 'contains' ? leads || trails : place === 'startswith' ? trails : place === 'endswith' && leads;
  if (superfluous) {
    const end = leads && place !== 'startswith' ? 'beginning' : 'end';
    const why = field === '' ? 'a keyword is looked for anywhere' : `the modifier "${place}" says so already`;
    lint('wildcard', node, `the "*" at the ${end} of ${quoted(text)} has no effect: ${why}`);
  } else if (place === undefined && leads && trails && !/[*?]/.test(plain)) {
    lint('contains', node, `"*" at both ends is what the modifier "contains" says: write ${quoted(plain)} with it`);
  }
}

/** A `*` at the end that is none of the text: an even number of backslashes stands before it. */
function endsWithWildcard(text: string): boolean {
  const before = /(\\*)\*$/.exec(text);
  return before !== null && text.length > 1 && (before[1] as string).length % 2 === 0;
}

/** Within a text that is looked for anywhere, a blank at the end marks the end of a word, and is meant. */
function lintBlanks(node: YamlScalar, text: string, place: string | undefined, lint: Lint): void {
  const leads = place !== 'contains' && place !== 'endswith' && /^\s/.test(text);
  const trails = place !== 'contains' && place !== 'startswith' && /\s$/.test(text);
  if ((leads || trails) && text.trim() !== '')
    lint(
      'blank',
      node,
      `${quoted(text)} has a blank at its ${leads ? 'beginning' : 'end'}, which few events have there`,
    );
}

/** `C:\Temp\*` looks for a star: one backslash takes the wildcard its meaning. */
function lintEscapedStar(node: YamlScalar, text: string, lint: Lint): void {
  const found = /(?:^[A-Za-z]:|\\[^\\*?"/|<>\s]+(?: [^\\*?"/|<>\s-]+)*)\\\*(?:$|\\|\.[A-Za-z0-9])/.exec(text);
  if (found === null) return;
  lint(
    'escaped-star',
    lint.inside(node, text, found.index + found[0].lastIndexOf('*') - 1),
    'the backslash makes the "*" after it an ordinary star; where anything in the folder is meant, write two backslashes before it',
  );
}

/** Neither of these changes the meaning of a character, so that the pattern is plain text. */
const literal = /^(?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9])+$/;

function lintRegex(node: YamlScalar, text: string, field: string, modifiers: readonly string[], lint: Lint): void {
  if (!literal.test(text)) return;
  const instead = modifiers.includes('i') ? 'contains' : 'contains|cased';
  lint(
    'regex',
    node,
    `the regular expression is plain text; ${quoted(`${field}|${instead}`)} says the same, and is faster`,
  );
}
