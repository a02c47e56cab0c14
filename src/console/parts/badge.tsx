/** Severity, state and health as shape and word; the colour only repeats what these say. */
import { useText } from '../session.tsx';
import type { AlertStatus, Health, IncidentStatus, Level } from '../types.ts';

export const levels: readonly Level[] = ['critical', 'high', 'medium', 'low', 'informational'];

/** Centred on 0,0 and 12 across, to be placed in an SVG. */
export const levelShapes: Readonly<Record<Level, string>> = {
  critical: 'M0-6 6 0 0 6-6 0z',
  high: 'M0-5.500 6 5H-6z',
  medium: 'M-4.800-4.800H4.800V4.800H-4.800z',
  low: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0',
  informational: 'M-4.500-1.500h9v3h-9z',
};

export function LevelMark(props: { readonly level: Level }) {
  return (
    <svg className={`level-mark level-${props.level}`} viewBox="-7 -7 14 14" aria-hidden="true" focusable="false">
      <path d={levelShapes[props.level]} />
    </svg>
  );
}

export function LevelBadge(props: { readonly level: Level }) {
  const text = useText();
  return (
    <span className={`level level-${props.level}`}>
      <LevelMark level={props.level} />
      {text.level[props.level]}
    </span>
  );
}

const statusShapes: Readonly<Record<AlertStatus | IncidentStatus, string>> = {
  new: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0',
  acknowledged: 'M-4 0a4 4 0 0 0 8 0z',
  'in-progress': 'M-4 0a4 4 0 0 0 8 0z',
  'waiting-on-member': 'M-4-4.500h2.600v9H-4zM1.400-4.500H4v9H1.400z',
  closed: 'M-4.500 0-1.500 3 4.500-3.500',
};

export function StatusBadge(props: {
  readonly status: AlertStatus | IncidentStatus;
  readonly kind: 'alert' | 'incident';
}) {
  const text = useText();
  const words: Readonly<Record<string, string>> = props.kind === 'alert' ? text.alertStatus : text.incidentStatus;
  return (
    <span className={`status status-${props.status}`}>
      <svg viewBox="-6 -6 12 12" aria-hidden="true" focusable="false">
        <circle className="status-ring" r="4" />
        <path d={statusShapes[props.status]} />
      </svg>
      {words[props.status] ?? props.status}
    </span>
  );
}

const healthShapes: Readonly<Record<Health, string>> = {
  ok: 'M-4.500 0-1.500 3 4.500-3.500',
  silent: 'M-4.500 0h9',
  failing: 'M-4-4l8 8M4-4l-8 8',
  never: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0',
};

export const healthOrder: readonly Health[] = ['failing', 'silent', 'never', 'ok'];

export function HealthBadge(props: { readonly health: Health }) {
  const text = useText();
  return (
    <span className={`health health-${props.health}`} title={text.healthMeaning[props.health]}>
      <svg viewBox="-7 -7 14 14" aria-hidden="true" focusable="false">
        <path d={healthShapes[props.health]} />
      </svg>
      {text.health[props.health]}
    </span>
  );
}
