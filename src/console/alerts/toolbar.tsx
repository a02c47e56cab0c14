/** Filters of the queue, each with its count, and the acts on what is selected. */
import type { RefObject } from 'react';
import { useParams } from '../location.tsx';
import { LevelMark, levels } from '../parts/badge.tsx';
import { Chips } from '../parts/chips.tsx';
import { DebouncedInput } from '../parts/debounced.tsx';
import { MemberSelect } from '../parts/member-select.tsx';
import { useText } from '../session.tsx';
import type { AlertCounts } from '../types.ts';
import { type AlertFilters, statusParams } from './filters.ts';

export function AlertFilterBar(props: {
  readonly filters: AlertFilters;
  readonly counts: AlertCounts | undefined;
  readonly searchRef: RefObject<HTMLInputElement | null>;
}) {
  const text = useText();
  const { set } = useParams();
  const { filters, counts } = props;
  const change = (params: Record<string, string | readonly string[]>) => set({ ...params, alert: '' });
  const filtered = filters.level.length > 0 || filters.memberId !== '' || filters.ruleId !== '' || filters.text !== '';
  return (
    <search className="toolbar" aria-label={text.alerts.filters}>
      <Chips
        label={text.alerts.statusFilter}
        chips={(['new', 'acknowledged', 'closed'] as const).map((status) => ({
          value: status,
          label: text.alertStatus[status],
          count: counts === undefined ? undefined : (counts.status[status] ?? 0),
        }))}
        chosen={filters.status}
        onChange={(status) => change({ status: statusParams(status) })}
      />
      <Chips
        label={text.alerts.levelFilter}
        chips={levels.map((level) => ({
          value: level,
          label: (
            <>
              <LevelMark level={level} />
              {text.level[level]}
            </>
          ),
          count: counts === undefined ? undefined : (counts.level[level] ?? 0),
        }))}
        chosen={filters.level}
        onChange={(level) => change({ level })}
      />
      <MemberSelect value={filters.memberId} onChange={(member) => change({ member })} />
      <DebouncedInput
        label={text.alerts.textHint}
        value={filters.text}
        inputRef={props.searchRef}
        onChange={(typed) => change({ text: typed })}
      />
      {filters.ruleId === '' ? null : (
        <button type="button" className="chip" aria-pressed="true" onClick={() => change({ rule: '' })}>
          {text.alerts.rule}: {filters.ruleId} ×
        </button>
      )}
      {filtered ? (
        <button type="button" className="quiet" onClick={() => change({ level: '', member: '', rule: '', text: '' })}>
          {text.clearFilters}
        </button>
      ) : null}
    </search>
  );
}

export function SelectionBar(props: {
  readonly count: number;
  readonly busy: boolean;
  readonly onAcknowledge: () => void;
  readonly onClose: () => void;
  readonly onClear: () => void;
}) {
  const text = useText();
  if (props.count === 0) return null;
  return (
    <div className="selection-bar">
      <strong>{text.alerts.selected(props.count)}</strong>
      <button type="button" disabled={props.busy} onClick={props.onAcknowledge}>
        {text.alerts.acknowledge} <kbd>Shift</kbd>
        <kbd>A</kbd>
      </button>
      <button type="button" disabled={props.busy} onClick={props.onClose}>
        {text.alerts.closeAlert} <kbd>c</kbd>
      </button>
      <button type="button" className="quiet" onClick={props.onClear}>
        {text.alerts.unselect} <kbd>Esc</kbd>
      </button>
    </div>
  );
}
