/** Closing asks for a verdict: an alert without one teaches nobody anything. */
import { type FormEvent, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { useText } from '../session.tsx';
import type { CloseReason } from '../types.ts';

const reasons: readonly CloseReason[] = ['true-positive', 'benign', 'false-positive', 'duplicate'];

export function CloseDialog(props: {
  readonly count: number;
  readonly onClose: () => void;
  readonly onDone: (reason: CloseReason, note: string) => void;
}) {
  const text = useText();
  const [reason, setReason] = useState<CloseReason>('benign');
  const [note, setNote] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onDone(reason, note.trim());
  };
  return (
    <Dialog title={text.alerts.closeTitle(props.count)} onClose={props.onClose}>
      <form onSubmit={submit} className="stack">
        <fieldset className="radios">
          <legend>{text.alerts.closeReason}</legend>
          {reasons.map((value, at) => (
            <label key={value} className="check">
              <input
                type="radio"
                name="reason"
                value={value}
                checked={reason === value}
                data-focus-first={at === 1 ? '' : undefined}
                onChange={() => setReason(value)}
              />
              <span>{text.closeReason[value]}</span>
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>
            {text.alerts.closeNote} <span className="muted">({text.optional})</span>
          </span>
          <textarea rows={3} maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
          <span className="muted">{text.alerts.closeNoteHint}</span>
        </label>
        <div className="acts">
          <button type="submit" className="main-act">
            {text.alerts.closeAlert}
          </button>
          <button type="button" onClick={props.onClose}>
            {text.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
