/** `logsource:` of rules and filters. Which events it means is not known here: that is mapping.ts. */
import { type Reporter, requireKey, textOf } from './reporter.ts';
import type { LogSource } from './rule.ts';
import { quoted } from './suggestion.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

const logSourceKeys = ['product', 'category', 'service'] as const;

/** Undefined when missing or no map; `what` is whose it is, for the message. */
export function parseLogSource(document: YamlMap, what: string, report: Reporter): LogSource | undefined {
  if (!requireKey(document, 'logsource', what, report)) return undefined;
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
