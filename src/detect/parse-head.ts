/** What stands at the top of rules and correlations alike: title, id, status, level and the rest, and our own keys under `hinomi:`. */
import { type Level, level } from '../model/alert.ts';
import { describeNode, parseSpan, type Reporter, refuseOtherKeys, requireKey, textOf, textsOf } from './reporter.ts';
import type { Own, RuleHead } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

const statuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
const dayMs = 86_400_000;

/** Title, id, level and the rest that rules and correlations share. What is wrong is reported; then it is not to be used. */
export function parseHead(document: YamlMap, fallbackId: string, report: Reporter): RuleHead {
  const title = parseTitle(document, 'the rule', report);
  const id = parseId(document, report);
  const written = entryOf(document, 'id')?.value;
  if (id === undefined && (written === undefined || (written.kind === 'scalar' && written.value === null)))
    report.warn(document, 'the rule has no id; give it a UUID, so that its alerts stay its own when the file moves');
  return {
    id: id ?? fallbackId,
    name: textOf(document, 'name', report, 256),
    title,
    description: textOf(document, 'description', report) ?? '',
    status: oneOf(document, 'status', statuses, report) ?? 'experimental',
    level: parseLevel(document, report) ?? 'medium',
    tags: textsOf(document, 'tags', report),
    references: textsOf(document, 'references', report),
    falsepositives: textsOf(document, 'falsepositives', report),
    author: textsOf(document, 'author', report).join(', '),
    where: report.where(document),
    own: parseOwn(document, report),
  };
}

/** The required title; empty when it was wrong. */
export function parseTitle(document: YamlMap, what: string, report: Reporter): string {
  requireKey(document, 'title', what, report);
  return titleOf(document, 'title', report) ?? '';
}

/** Undefined when there is none, or a wrong one. */
export function parseId(document: YamlMap, report: Reporter): string | undefined {
  const id = textOf(document, 'id', report, 200);
  if (id !== undefined && !/^[\w.:/-]+$/.test(id))
    report.error(entryOf(document, 'id') ?? document, 'an id may hold letters, digits and . : / _ - only');
  return id;
}

/** Undefined when there is none, or a wrong one. */
export function parseLevel(map: YamlMap, report: Reporter): Level | undefined {
  return oneOf(map, 'level', level.options, report);
}

/** Undefined when missing or wrong; one that is there but empty is reported too. */
function titleOf(map: YamlMap, key: string, report: Reporter): string | undefined {
  const title = textOf(map, key, report, 256);
  const entry = entryOf(map, key);
  if (entry?.value.kind === 'scalar' && String(entry.value.value ?? '').trim() === '')
    report.error(entry, `the ${key} is empty`);
  return title;
}

function oneOf<Word extends string>(
  document: YamlMap,
  key: string,
  words: readonly Word[],
  report: Reporter,
): Word | undefined {
  const written = textOf(document, key, report);
  const word = words.find((known) => known === written);
  if (word !== undefined || written === undefined) return word;
  const at = entryOf(document, key)?.value ?? document;
  report.error(
    at,
    `${key} cannot be ${quoted(written)}${didYouMean(written, words)}; it is one of ${words.join(', ')}`,
  );
  return undefined;
}

const ownKeys = ['by', 'period', 'title-ja', 'description-ja'];
const nothingOwn: Own = { titleJa: undefined, descriptionJa: undefined, by: undefined, periodMs: dayMs };

/** Our own keys, under `hinomi:`. */
function parseOwn(document: YamlMap, report: Reporter): Own {
  const entry = entryOf(document, 'hinomi');
  if (entry === undefined) return nothingOwn;
  if (entry.value.kind !== 'map') {
    report.error(entry, `hinomi must be a map of ${ownKeys.join(', ')}, not ${describeNode(entry.value)}`);
    return nothingOwn;
  }
  const own = entry.value;
  refuseOtherKeys(own, ownKeys, 'hinomi', report);
  const by = entryOf(own, 'by') === undefined ? undefined : textsOf(own, 'by', report);
  if (by !== undefined && by.length > 10) report.error(own, 'hinomi.by has more than 10 fields');
  return {
    titleJa: titleOf(own, 'title-ja', report),
    descriptionJa: textOf(own, 'description-ja', report),
    by,
    periodMs: parseSpan(own, 'period', report) ?? dayMs,
  };
}
