/** A text box that reports when the typing pauses, so that a filter does not ask the server at every letter. */
import { type RefObject, useEffect, useState } from 'react';

const pauseMs = 300;

export function DebouncedInput(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}) {
  const { value, onChange } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => onChange(typed), pauseMs);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <input
      type="search"
      ref={props.inputRef}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      aria-label={props.label}
      placeholder={props.label}
      spellCheck={false}
      autoComplete="off"
    />
  );
}
