/** The course of a case on one time axis. For the eye: the list beside it says the same in words, to keyboard and ear. */
import { useEffect, useRef, useState } from 'react';
import { levelShapes } from '../parts/badge.tsx';
import { formatTime } from '../parts/time.tsx';
import { usePreferences } from '../session.tsx';
import { layoutAxis, layoutLanes, type Mark } from './timeline-layout.ts';

export interface Lane {
  readonly id: string;
  readonly label: string;
}

const rowHeight = 22;
const lanePad = 8;
const axisHeight = 24;

export function TimelineChart(props: {
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  readonly onPick: (markId: string) => void;
}) {
  const { language, text } = usePreferences();
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(280, Math.floor(entry.contentRect.width)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const { lanes, marks } = props;
  const narrow = width < 600;
  const labelWidth = narrow ? 0 : Math.min(220, width * 0.28);
  const labelHeight = narrow ? 18 : 0;
  const inner = width - labelWidth - 16;
  const offsetMs = -new Date().getTimezoneOffset() * 60_000;
  const axis = layoutAxis(marks, Math.max(2, Math.floor(inner / 90)), offsetMs);
  const placed = layoutLanes(
    lanes.map((lane) => lane.id),
    marks,
    axis,
    18 / inner,
  );
  const x = (part: number) => labelWidth + 8 + part * inner;
  const tickX = (ms: number) => x((ms - axis.fromMs) / (axis.toMs - axis.fromMs));
  let top = axisHeight;
  const rows = placed.map((lane, at) => {
    const height = labelHeight + lanePad * 2 + lane.rows * rowHeight;
    const row = { lane, at, top, height, label: lanes[at]?.label ?? '' };
    top += height;
    return row;
  });
  const sameDay = new Date(axis.fromMs).toDateString() === new Date(axis.toMs).toDateString();
  const seconds = axis.ticks.some((tick) => tick % 60_000 !== 0);

  return (
    <div ref={place} className="timeline-chart">
      <svg width={width} height={top + 4} role="img" aria-label={text.incidents.chartLabel(lanes.length, marks.length)}>
        {rows.map(({ lane, at, top: y, height, label }) => (
          <g key={lane.id}>
            <rect className={at % 2 === 0 ? 'lane lane-even' : 'lane'} x={0} y={y} width={width} height={height} />
            <foreignObject
              x={8}
              y={y + (narrow ? 2 : 0)}
              width={narrow ? width - 16 : labelWidth - 12}
              height={narrow ? labelHeight + 4 : height}
            >
              <div className="lane-label" title={label}>
                <span>{label}</span>
              </div>
            </foreignObject>
          </g>
        ))}
        {axis.ticks.map((tick) => (
          <g key={tick} className="tick">
            <line x1={tickX(tick)} x2={tickX(tick)} y1={axisHeight - 4} y2={top} />
            <text x={tickX(tick)} y={14} textAnchor="middle">
              {tickLabel(tick, sameDay, seconds)}
            </text>
          </g>
        ))}
        {rows.map(({ lane, top: y }) =>
          lane.marks.map((mark) => {
            const middle = y + labelHeight + lanePad + mark.row * rowHeight + rowHeight / 2;
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: a picture; the list beside it is the accessible way.
              <g key={mark.id} className={`mark level-${mark.level}`} onClick={() => props.onPick(mark.id)}>
                <title>{`${formatTime(mark.fromMs, language)} ${text.level[mark.level]} ${mark.title}`}</title>
                {x(mark.x2) - x(mark.x1) > 3 ? (
                  <rect
                    className="mark-span"
                    x={x(mark.x1)}
                    y={middle - 3}
                    width={x(mark.x2) - x(mark.x1)}
                    height={6}
                    rx={3}
                  />
                ) : null}
                <path transform={`translate(${x(mark.x1)} ${middle})`} d={levelShapes[mark.level]} />
              </g>
            );
          }),
        )}
      </svg>
    </div>
  );
}

function tickLabel(ms: number, sameDay: boolean, seconds: boolean): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ''}`;
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (sameDay || !midnight) return clock;
  return `${date.getMonth() + 1}/${date.getDate()}`;
}
