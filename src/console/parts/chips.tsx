/** A row of toggles with counts, several of which may be on. None on means no filter. */
import type { ReactNode } from 'react';

export interface Chip {
  readonly value: string;
  readonly label: ReactNode;
  readonly count?: number | undefined;
}

export function Chips(props: {
  readonly label: string;
  readonly chips: readonly Chip[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}) {
  const { chips, chosen, onChange } = props;
  return (
    <fieldset className="chips">
      <legend className="hidden-visually">{props.label}</legend>
      {chips.map((chip) => {
        const on = chosen.includes(chip.value);
        return (
          <button
            key={chip.value}
            type="button"
            className="chip"
            aria-pressed={on}
            onClick={() => onChange(on ? chosen.filter((value) => value !== chip.value) : [...chosen, chip.value])}
          >
            {chip.label}
            {chip.count === undefined ? null : <span className="chip-count">{chip.count.toLocaleString()}</span>}
          </button>
        );
      })}
    </fieldset>
  );
}
