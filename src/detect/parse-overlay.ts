/**
 * `overlays:`, a document of its own -> what a center changes about rules that are not its own:
 *
 *   overlays:
 *     - rule: 0e95725d-7320-415d-80f7-004da920fc11     # id or name
 *       disabled: true                                 # and, or, `level: low`
 *       reason: our backup software does this every night
 *
 * Each stands for itself: one with an error leaves the others. Whether there is such a rule is resolve.ts's to find out.
 */
import { parseLevel } from './parse-head.ts';
import { describeNode, parseFlag, type Reporter, refuseOtherKeys, requireKey, textOf } from './reporter.ts';
import type { Overlay } from './rule.ts';
import { entryOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** Those without error; the others were reported. */
export function parseOverlays(document: YamlMap, report: Reporter): readonly Overlay[] {
  refuseOtherKeys(document, ['overlays'], 'a document of overlays', report);
  const list = entryOf(document, 'overlays');
  if (list?.value.kind !== 'list') {
    report.error(list ?? document, 'overlays must be a list of maps with rule, disabled or level, and reason');
    return [];
  }
  return list.value.items.flatMap((item) => parseOverlay(item, report) ?? []);
}

function parseOverlay(node: YamlNode, all: Reporter): Overlay | undefined {
  // Its own reporter: it must not fail for what is wrong with another one.
  let failed = false;
  const report: Reporter = {
    ...all,
    failed: () => failed,
    error(at, message) {
      failed = true;
      all.error(at, message);
    },
  };
  if (node.kind !== 'map') {
    report.error(node, `an overlay is a map with rule, disabled or level, and reason, not ${describeNode(node)}`);
    return undefined;
  }
  refuseOtherKeys(node, ['rule', 'disabled', 'level', 'reason'], 'an overlay', report);
  requireKey(node, 'rule', 'the overlay', report);
  const rule = textOf(node, 'rule', report, 256)?.trim() ?? '';
  const disabled = parseFlag(node, 'disabled', report) ?? false;
  const level = parseLevel(node, report);
  const reason = textOf(node, 'reason', report, 1000)?.trim() ?? '';
  if (rule === '' && entryOf(node, 'rule') !== undefined && !failed)
    report.error(node, 'the overlay names no rule; give its id or name');
  if (!disabled && level === undefined && !failed)
    report.error(node, 'the overlay changes nothing; write "disabled: true" or a level');
  if (reason === '' && requireKey(node, 'reason', 'the overlay', report))
    report.error(entryOf(node, 'reason') ?? node, 'the reason is empty; say why, for those who come after');
  return failed ? undefined : { rule, disabled, level, reason, where: report.where(node) };
}
