/**
 * A rule file -> rules, correlations and what is wrong with them. Every complaint says where, what, and what to write instead.
 * A document with an error is left out, the others of the file stay. Names in correlations are resolved later, by resolve.ts.
 */
import { type Level, level } from '../model/alert.ts';
import { parseCorrelation } from './parse-correlation.ts';
import { parseDetection } from './parse-detection.ts';
import {
  createReporter,
  describeNode,
  parseTimespan,
  type Reporter,
  refuseOtherKeys,
  requireKey,
  textOf,
  textsOf,
} from './reporter.ts';
import type { CorrelationRule, LogSource, Overlay, Own, Problem, RuleHead, RuleSet, SigmaFilter, SigmaRule } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';
import { entryOf, readYaml, type YamlMap, type YamlNode } from './yaml-tree.ts';

const statuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'];
const dayMs = 86_400_000;

/**
 * `file` is the path to show, `path` the one within the rules' folder: the id of rules without one. Documents of tests (`tests:`)
 * are passed over. Never throws, whatever the text is.
 */
export function parseRules(text: string, file: string, path: string = file): RuleSet {
  const { documents, problems } = readYaml(text, file);
  const rules: SigmaRule[] = [];
  const correlations: CorrelationRule[] = [];
  const filters: SigmaFilter[] = [];
  const overlays: Overlay[] = [];
  const found: Problem[] = [...problems];
  documents.forEach((document, index) => {
    const report = createReporter(file);
    const rule = parseDocument(document, ownId(path, index), report);
    found.push(...report.problems);
    if (rule === undefined || report.failed()) return;
    if (rule.kind === 'rule') rules.push(rule);
    else correlations.push(rule);
  });
  return { rules, correlations, filters, overlays, problems: found };
}

/** The id of a rule that gives none, by its place among the documents of its file. */
export function ownId(path: string, index: number): string {
  return index === 0 ? path : `${path}#${index + 1}`;
}

function parseDocument(
  document: YamlNode,
  fallbackId: string,
  report: Reporter,
): SigmaRule | CorrelationRule | undefined {
  if (document.kind !== 'map') {
    report.error(document, `a rule is a map of keys such as title and detection, not ${describeNode(document)}`);
    return undefined;
  }
  const has = (key: string) => entryOf(document, key) !== undefined;
  if (has('tests') && !has('detection') && !has('correlation')) return undefined;
  const action = entryOf(document, 'action');
  if (action !== undefined) {
    report.error(
      action,
      '"action: global" and its kin are no longer part of Sigma; write each rule of the file out in full',
    );
    return undefined;
  }
  const filter = entryOf(document, 'filter');
  if (filter !== undefined && !has('detection')) {
    report.warn(filter, 'filter documents are not supported yet; this one has no effect');
    return undefined;
  }
  const head = parseHead(document, fallbackId, report);
  if (has('correlation')) {
    if (has('detection'))
      report.error(document, 'a document is either a rule with "detection" or one with "correlation"');
    return parseCorrelation(document, head, report);
  }
  const logsource = parseLogSource(document, report);
  if (!requireKey(document, 'detection', 'the rule', report)) return undefined;
  const node = entryOf(document, 'detection')?.value;
  if (node?.kind !== 'map') {
    report.error(node ?? document, 'detection must be a map of selections and a condition');
    return undefined;
  }
  const detection = parseDetection(node, report);
  if (detection === undefined || logsource === undefined) return undefined;
  return { ...head, kind: 'rule', logsource, ...detection };
}

function parseHead(document: YamlMap, fallbackId: string, report: Reporter): RuleHead {
  requireKey(document, 'title', 'the rule', report);
  const title = titleOf(document, 'title', report) ?? '';
  const idEntry = entryOf(document, 'id');
  const id = textOf(document, 'id', report, 200);
  if (id === undefined)
    report.warn(
      document,
      'the rule has no id; give it a UUID, so that its alerts stay its own when the file moves',
    );
  else if (!/^[\w.:/-]+$/.test(id))
    report.error(idEntry ?? document, 'an id may hold letters, digits and . : / _ - only');
  return {
    id: id ?? fallbackId,
    name: textOf(document, 'name', report, 256),
    title,
    description: textOf(document, 'description', report) ?? '',
    status: oneOf(document, 'status', statuses, 'experimental', report),
    level: oneOf(document, 'level', level.options, 'medium', report) as Level,
    tags: textsOf(document, 'tags', report),
    references: textsOf(document, 'references', report),
    falsepositives: textsOf(document, 'falsepositives', report),
    author: textsOf(document, 'author', report).join(', '),
    where: report.where(document),
    own: parseOwn(document, report),
  };
}

/** Undefined when missing or wrong; one that is there but empty is reported too. */
function titleOf(map: YamlMap, key: string, report: Reporter): string | undefined {
  const title = textOf(map, key, report, 256);
  const entry = entryOf(map, key);
  if (entry?.value.kind === 'scalar' && String(entry.value.value ?? '').trim() === '')
    report.error(entry, `the ${key} is empty`);
  return title;
}

function oneOf(document: YamlMap, key: string, words: readonly string[], otherwise: string, report: Reporter): string {
  const word = textOf(document, key, report);
  if (word === undefined || words.includes(word)) return word ?? otherwise;
  const at = entryOf(document, key) ?? document;
  report.error(at, `${key} cannot be ${quoted(word)}${didYouMean(word, words)}; it is one of ${words.join(', ')}`);
  return otherwise;
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

/** A timespan such as 15m. Undefined when missing or wrong; wrong ones are reported. */
function parseSpan(map: YamlMap, key: string, report: Reporter): number | undefined {
  const text = textOf(map, key, report);
  if (text === undefined) return undefined;
  const ms = parseTimespan(text);
  if (ms === undefined) {
    const at = entryOf(map, key) ?? map;
    report.error(
      at,
      `${key} cannot be ${quoted(text)}: write a number and s, m, h, d or w, such as 15m; at most 100w`,
    );
  }
  return ms;
}

const logSourceKeys = ['product', 'category', 'service'] as const;

function parseLogSource(document: YamlMap, report: Reporter): LogSource | undefined {
  if (!requireKey(document, 'logsource', 'the rule', report)) return undefined;
  const entry = entryOf(document, 'logsource');
  if (entry?.value.kind !== 'map') {
    report.error(entry ?? document, 'logsource must be a map with product, category or service');
    return undefined;
  }
  const map = entry.value;
  const part = (key: (typeof logSourceKeys)[number]) => {
    const text = textOf(map, key, report, 200);
    if (text !== undefined && text !== text.toLowerCase()) {
      report.warn(
        entryOf(map, key) ?? map,
        `${key} is written in lower case in Sigma; ${quoted(text)} is read as such`,
      );
    }
    return text?.toLowerCase();
  };
  const logsource = { product: part('product'), category: part('category'), service: part('service') };
  if (logsource.product === undefined && logsource.category === undefined && logsource.service === undefined) {
    report.error(map, 'logsource needs at least one of product, category and service');
  }
  return logsource;
}
