/** The API's words for a change ("status: new → closed") in the reader's language. What it does not know it leaves as it is. */
import type { Text } from '../i18n/ja.ts';

const part = /^(status|closeReason|level|assignee): (\S+) → (\S+)$/;

/** "Title: status: new → closed, assignee: - → kai" -> "Title: Status: New → Closed, Assignee: – → kai". */
export function describeChange(said: string, text: Text): string {
  const at = said.search(/(?:^|: )(?:status|closeReason|level|assignee): \S+ → /);
  if (at === -1) return said;
  const start = said.startsWith(': ', at) ? at + 2 : at;
  // Only a change of an alert comes with a title; the same word means different things for alerts and cases.
  const ofAlert = start > 0;
  const parts = said.slice(start).split(', ');
  const told = parts.map((one) => {
    const [, name, before, after] = part.exec(one) ?? [];
    if (name === undefined || before === undefined || after === undefined) return one;
    return `${nameWord(name, text)}: ${valueWord(name, before, ofAlert, text)} → ${valueWord(name, after, ofAlert, text)}`;
  });
  return said.slice(0, start) + told.join(', ');
}

function nameWord(name: string, text: Text): string {
  if (name === 'closeReason') return text.alerts.closeReason;
  return name === 'level' ? text.columns.level : name === 'assignee' ? text.columns.assignee : text.columns.status;
}

function valueWord(name: string, value: string, ofAlert: boolean, text: Text): string {
  if (value === '-') return '–';
  const words: Readonly<Record<string, string>> =
    name === 'level'
      ? text.level
      : name === 'closeReason'
        ? text.closeReason
        : name === 'status'
          ? ofAlert
            ? text.alertStatus
            : text.incidentStatus
          : {};
  return Object.hasOwn(words, value) ? (words[value] ?? value) : value;
}
