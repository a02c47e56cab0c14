/** Choice of the time range: presets, or from and to in the reader's own zone. */
import { type FormEvent, useState } from 'react';
import { useText } from '../session.tsx';
import { type Bounds, presets, type Range, toLocalInput } from './range.ts';

export function RangeBar(props: {
  readonly range: Range;
  readonly bounds: Bounds;
  readonly onChange: (range: Range) => void;
}) {
  const text = useText();
  const { range, bounds, onChange } = props;
  const [custom, setCustom] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const since = new Date(String(form.get('since')));
    const until = new Date(String(form.get('until')));
    if (since < until) {
      setCustom(false);
      onChange({ kind: 'fixed', since: since.toISOString(), until: until.toISOString() });
    }
  };
  return (
    <div className="range-bar">
      <fieldset className="chips">
        <legend className="hidden-visually">{text.search.range}</legend>
        {presets.map((preset) => (
          <button
            key={preset}
            type="button"
            className="chip"
            aria-pressed={range.kind === 'preset' && range.preset === preset && !custom}
            onClick={() => {
              setCustom(false);
              onChange({ kind: 'preset', preset });
            }}
          >
            {text.search.ranges[preset]}
          </button>
        ))}
        <button
          type="button"
          className="chip"
          aria-pressed={range.kind === 'fixed' || custom}
          aria-expanded={custom || range.kind === 'fixed'}
          onClick={() => setCustom(!custom)}
        >
          {text.search.ranges.custom}
        </button>
      </fieldset>
      {custom || range.kind === 'fixed' ? (
        <form onSubmit={submit} className="range-custom" key={`${bounds.since} ${bounds.until}`}>
          <label className="field-inline">
            <span>{text.search.since}</span>
            <input type="datetime-local" name="since" required defaultValue={toLocalInput(bounds.since)} />
          </label>
          <label className="field-inline">
            <span>{text.search.until}</span>
            <input type="datetime-local" name="until" required defaultValue={toLocalInput(bounds.until)} />
          </label>
          <button type="submit">{text.search.apply}</button>
        </form>
      ) : null}
    </div>
  );
}
