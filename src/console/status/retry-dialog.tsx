/** Before all batches go back into their queues: how many of which, and what will happen. */
import { useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { useText } from '../session.tsx';
import type { DeadBatch } from '../types.ts';

export function RetryDialog(props: {
  readonly batches: readonly DeadBatch[];
  readonly onClose: () => void;
  readonly onDone: (batches: readonly DeadBatch[]) => void;
}) {
  const text = useText();
  const words = text.status.setAside;
  // As many as were asked about, however many come to the list meanwhile.
  const [batches] = useState(props.batches);
  return (
    <Dialog title={words.confirm(batches.length)} onClose={props.onClose}>
      <div className="stack">
        <p>
          {[...Map.groupBy(batches, ({ queue }) => queue)]
            .map(([queue, jobs]) => words.confirmPart(words.queueNames[queue], jobs.length))
            .join(' · ')}
        </p>
        <ul className="set-aside-points">
          {words.confirmWhat.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
        <div className="acts">
          <button type="button" className="main-act" data-focus-first onClick={() => props.onDone(batches)}>
            {words.retryAll(batches.length)}
          </button>
          <button type="button" onClick={props.onClose}>
            {text.cancel}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
