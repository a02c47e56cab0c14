/** Alerts, comments and what people did -> one list in time order. Shows a reader only what presents itself to that reader. */
import type { Alert, Incident } from '../model/alert.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { Store } from '../store/store.ts';
import { type Reader, shownName } from './reader.ts';
import type { TimelineItem } from './schema.ts';

/** Changes that concern everyone; who works on a case is shown to readers of all members only. */
const shownProperties = ['status', 'closeReason', 'level'] as const;
const MAX_ENTRIES = 1_000;
const MAX_TARGETS = 200;
/** An alert's end this soon after its beginning says nothing more. */
const MIN_SPAN_MS = 5 * 60_000;

/** What people and the center did to these documents, oldest first, as far as the reader may see it. */
export async function readHistory(
  store: Store,
  reader: Reader,
  ids: readonly string[],
): Promise<readonly AuditEntry[]> {
  const found = await store.find('audit', reader.scope, {
    where: { 'target.id': ids.slice(0, MAX_TARGETS) },
    order: 'oldest',
    limit: MAX_ENTRIES,
  });
  return found.items;
}

function describeChange(entry: AuditEntry, reader: Reader): string | undefined {
  const names = reader.whole ? [...shownProperties, 'assignee'] : shownProperties;
  const said: string[] = [];
  for (const name of names) {
    const before = entry.before?.[name] ?? null;
    const after = entry.after?.[name] ?? null;
    if (before === after) continue;
    said.push(`${name}: ${String(before ?? '-')} → ${String(after ?? '-')}`);
  }
  return said.length === 0 ? undefined : said.join(', ');
}

type Titles = Pick<TimelineItem, 'title' | 'titleJa'>;

export function buildTimeline(
  parts: {
    readonly alerts: readonly Alert[];
    /** Whoever has comments: incidents, and the campaign itself. */
    readonly commented: readonly { readonly memberId?: string; readonly comments: Incident['comments'] }[];
    readonly history: readonly AuditEntry[];
  },
  reader: Reader,
): TimelineItem[] {
  const items: TimelineItem[] = [];
  const titles = new Map<string, Titles>();
  for (const { id, memberId, title, titleJa, firstSeenAt, lastSeenAt } of parts.alerts) {
    const titled = { title, ...(titleJa !== null && { titleJa }) };
    titles.set(id, titled);
    items.push({ at: firstSeenAt, kind: 'alert-first', ...titled, memberId, alertId: id });
    if (Date.parse(lastSeenAt) - Date.parse(firstSeenAt) >= MIN_SPAN_MS) {
      items.push({ at: lastSeenAt, kind: 'alert-last', ...titled, memberId, alertId: id });
    }
  }
  for (const { memberId, comments } of parts.commented) {
    for (const { at, by, text } of comments) {
      const of = memberId === undefined ? {} : { memberId };
      items.push({ at, kind: 'comment', title: '', by: shownName(by, reader), text, ...of });
    }
  }
  for (const entry of parts.history) {
    const said = describeChange(entry, reader);
    if (said === undefined || entry.before === null) continue;
    const titled = entry.target.kind === 'alert' ? titles.get(entry.target.id) : undefined;
    items.push({
      at: entry.at,
      kind: 'change',
      title: titled === undefined ? said : `${titled.title}: ${said}`,
      ...(titled?.titleJa !== undefined && { titleJa: `${titled.titleJa}: ${said}` }),
      by: shownName(entry.actor, reader),
      ...(entry.target.kind === 'alert' && { alertId: entry.target.id }),
      ...(entry.memberId !== null && { memberId: entry.memberId }),
      ...(reader.whole && entry.reason !== null && { text: entry.reason }),
    });
  }
  return items.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
