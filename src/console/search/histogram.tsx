/** Events over time as bars; pressing or dragging narrows the range. The range bar does the same for the keyboard. */
import { type PointerEvent, useState } from 'react';
import { formatTime } from '../parts/time.tsx';
import { usePreferences } from '../session.tsx';
import type { Bucket } from '../types.ts';
import type { Bounds } from './range.ts';

const height = 64;
const width = 1000;

export function Histogram(props: {
  readonly buckets: readonly Bucket[];
  readonly stepMs: number;
  readonly onNarrow: (bounds: Bounds) => void;
}) {
  const { language, text } = usePreferences();
  const { buckets, stepMs } = props;
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  const first = buckets[0];
  const last = buckets.at(-1);
  if (first === undefined || last === undefined) return null;
  const most = buckets.reduce((sum, bucket) => Math.max(sum, bucket.events), 1);
  const total = buckets.reduce((sum, bucket) => sum + bucket.events, 0);
  const barWidth = width / buckets.length;
  const barAt = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * buckets.length);
    return Math.min(buckets.length - 1, Math.max(0, at));
  };
  const finish = () => {
    setDrag(undefined);
    if (drag === undefined) return;
    const from = buckets[Math.min(drag.from, drag.to)];
    const to = buckets[Math.max(drag.from, drag.to)];
    if (from === undefined || to === undefined) return;
    const until = new Date(Date.parse(to.at) + stepMs).toISOString();
    props.onNarrow({ since: new Date(from.at).toISOString(), until });
  };
  return (
    <figure className="histogram">
      <figcaption>
        <span>{text.search.histogram}</span>
        <span className="muted">{text.search.histogramHint}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={text.search.histogramLabel(total, formatTime(first.at, language), formatTime(last.at, language))}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = barAt(event);
          setDrag({ from: at, to: at });
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag({ ...drag, to: barAt(event) });
        }}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(undefined)}
      >
        {buckets.map((bucket, at) => {
          const tall = bucket.events === 0 ? 0 : Math.max(1.5, (bucket.events / most) * (height - 2));
          const chosen = drag !== undefined && at >= Math.min(drag.from, drag.to) && at <= Math.max(drag.from, drag.to);
          return (
            <g key={bucket.at}>
              <rect
                className={chosen ? 'bar-back bar-chosen' : 'bar-back'}
                x={at * barWidth}
                width={barWidth}
                height={height}
              >
                <title>{text.search.bar(formatTime(bucket.at, language, 'minute'), bucket.events)}</title>
              </rect>
              <rect
                className="bar"
                x={at * barWidth + barWidth * 0.1}
                y={height - tall}
                width={barWidth * 0.8}
                height={tall}
              />
            </g>
          );
        })}
      </svg>
      <div className="histogram-axis" aria-hidden="true">
        <span>{formatTime(first.at, language, 'minute')}</span>
        <span>{text.count(most)} ↑</span>
        <span>{formatTime(Date.parse(last.at) + stepMs, language, 'minute')}</span>
      </div>
    </figure>
  );
}
