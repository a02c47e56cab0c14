/** What keywords mean: values without a field are looked for in every value of the event. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { judgeDetection, judgeSelection, keeps, type Section } from './run.fixture.ts';

const sections: Section[] = [
  [
    'a list of texts: any of them, anywhere in any value, whatever its case',
    [
      ['- EVIL', { A: 'so evil it is' }, true],
      ['- EVIL', { A: 'x', B: 'evil' }, true],
      ['- evil', { A: 'good' }, false],
      ['- evil', {}, false],
      ["- 'event::clear'\n- 'event::drop'", { A: 'mimikatz event::DROP' }, true],
      ['- 検知', { A: '侵入検知' }, true],
      ["- 'ev*l'", { A: 'an evXXl one' }, true],
      ["- 'ev?l'", { A: 'devil' }, true],
      ["- 'ev?l'", { A: 'evl' }, false],
      ["- 'a\\*b'", { A: 'xa*by' }, true],
      ["- 'a\\*b'", { A: 'xaby' }, false],
      ['- word', { A: 'w', B: 'ord' }, false],
      ['evil', { A: 'evil' }, true],
    ],
  ],
  [
    'every value counts: members of lists, numbers, truth values; names of fields do not',
    [
      ['- evil', { A: ['x', 'not evil?'] }, true],
      ['- evil', { A: ['ev', 'il'] }, false],
      ['- 4624', { A: [1, 14624] }, true],
      ['- 4624', { A: 46240 }, true],
      ["- '0.5'", { A: 10.5 }, true],
      ['- tru', { A: true }, true],
      ['- evil', { evil: 'x' }, false],
      ['- 9007199254740993', { A: 'x 9007199254740993' }, true],
      ["- '*'", { A: '' }, true],
      ["- '*'", {}, false],
      ['- evil', JSON.parse('{"__proto__": "evil"}') as Fields, true],
    ],
  ],
  [
    'what the center added to a record is none of its words',
    [
      ['- secret', { 'hinomi.source_id': 'secret', 'event.id': 'secret', 'organization.id': 'secret' }, false],
      ['- secret', { 'event.ingested': 'secret', 'event.dataset': 'secret' }, false],
      ['- secret', { 'event.original': 'secret' }, true],
      ['- secret', { 'event.code': 'secret' }, true],
    ],
  ],
  [
    "'|all': every one of them, each in any value",
    [
      ["'|all': [a, b]", { A: 'a', B: 'xbx' }, true],
      ["'|all': [a, b]", { A: 'ab' }, true],
      ["'|all': [a, b]", { A: 'a' }, false],
      ["'|all':\n  - OabVirtualDirectory\n  - ' -ExternalUrl '", { A: 'Set-oabvirtualdirectory -externalurl x' }, true],
      ["'|all': [a, b]\nC: z", { A: 'a', B: 'b' }, false],
      ["'|all': [a, b]\nC: z", { A: 'a', B: 'b', C: 'z' }, true],
    ],
  ],
  [
    'modifiers of keywords: those that change the value or how it is compared',
    [
      ["'|re': 'e.il'", { A: 'xevil' }, true],
      ["'|re|i': 'E.IL'", { A: 'xevil' }, true],
      ["'|cased': [Evil]", { A: 'an evil' }, false],
      ["'|cased': [Evil]", { A: 'an Evil' }, true],
      ["'|contains': [evil]", { A: 'xevil' }, true],
      ["'|contains|all': [ev, il]", { A: 'xevil' }, true],
      ["'|windash': [' -x']", { A: 'run /x' }, true],
      ["'|base64': [evil]", { A: 'x ZXZpbA== y' }, true],
      ["'|expand': ['%two%!']", { A: 'ay!' }, true],
      ["'|neq': [evil]", { A: 'evil' }, false],
      ["'|neq': [evil]", { A: 'good' }, true],
      ["'|startswith': [x]", {}, 'needs a field'],
      ["'|cidr': [10.0.0.0/8]", {}, 'needs a field'],
      ["'|exists': true", {}, 'needs a field'],
      ["'|gt': 5", {}, 'needs a field'],
      ["'|fieldref': A", {}, 'needs a field'],
      ['- null', {}, 'a keyword cannot be null'],
    ],
  ],
  [
    'a list of texts and maps: any of them',
    [
      ['- word\n- B: y', { C: 'a word' }, true],
      ['- word\n- B: y', { B: 'y' }, true],
      ['- word\n- B: y\n  C: z', { B: 'y' }, false],
      ['- word\n- B: y\n- 4711', { X: 4711 }, true],
      ['- [a, b]', {}, 'a list in a list'],
    ],
  ],
];

describe.each(sections)('keywords, %s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (selection, event, expected) => {
    const verdict = judgeSelection(selection, event);
    expect(keeps(verdict, expected), String(verdict)).toBe(true);
  });
});

test('keywords, in conditions: they are selections like any other', () => {
  const detection = 'keywords:\n  - evil\nfilter:\n  A: good\ncondition: keywords and not filter';
  expect(judgeDetection(detection, { A: 'evil' })).toBe(true);
  expect(judgeDetection(detection, { A: 'good', B: 'evil' })).toBe(false);
  expect(judgeDetection('k:\n  - evil\ncondition: not k', {})).toBe(true);
});
