/** The four numbers that tell how the center keeps up: what waits, how late alerts are, what is stored, how much room is left. */
import type { ReactNode } from 'react';
import { formatBytes } from '../parts/bytes.ts';
import { formatDuration } from '../parts/duration.ts';
import { useText } from '../session.tsx';
import type { CenterStatus } from '../types.ts';
import { Meter } from './meter.tsx';

export function StatusFacts(props: { readonly status: CenterStatus }) {
  const text = useText();
  const words = text.status;
  const { queues, correlator, store } = props.status;
  const unknown = { value: words.unknown, hint: words.unknownHint };
  const waiting =
    queues === null
      ? unknown
      : {
          value: text.count(queues.records.records),
          hint:
            queues.records.jobs === 0
              ? words.nothingWaits
              : words.oldest(formatDuration(queues.records.oldestMs, text.duration)),
        };
  const { diskFreeBytes: free, diskTotalBytes: total } = store;
  const share = free === null || total === null || total === 0 ? undefined : free / total;
  return (
    <dl className="status-facts" aria-label={words.facts}>
      <Fact name={words.waiting} {...waiting} />
      <Fact
        name={words.lag}
        value={correlator.lagMs === null ? words.unknown : formatDuration(correlator.lagMs, text.duration)}
        hint={correlator.lagMs === null ? words.unknownHint : words.lagHint}
      />
      <Fact
        name={words.events}
        value={store.events === null ? words.unknown : text.count(store.events)}
        hint={store.bytes === null ? words.unknownHint : words.eventsSize(formatBytes(store.bytes))}
      />
      <Fact
        name={words.disk}
        value={free === null ? words.unknown : words.diskFree(formatBytes(free))}
        hint={
          share === undefined || total === null
            ? words.unknownHint
            : words.diskOf(Math.floor(share * 100), formatBytes(total))
        }
      >
        {share === undefined ? null : <Meter share={1 - share} warning={share < 0.1} />}
      </Fact>
    </dl>
  );
}

function Fact(props: {
  readonly name: string;
  readonly value: string;
  readonly hint: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="status-fact">
      <dt>{props.name}</dt>
      <dd className="status-value">{props.value}</dd>
      <dd className="muted">{props.hint}</dd>
      {props.children === undefined ? null : <dd>{props.children}</dd>}
    </div>
  );
}
