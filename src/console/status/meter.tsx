/** A bar for a share from 0 to 1. Decoration only: the number stands beside it. */
export function Meter(props: { readonly share: number; readonly warning: boolean }) {
  const width = Math.max(0, Math.min(1, props.share)) * 100;
  return (
    <svg
      className={props.warning ? 'meter meter-warning' : 'meter'}
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <rect className="meter-ground" width="100" height="4" />
      <rect className="meter-bar" width={width} height="4" />
    </svg>
  );
}
