/** What an act did, said once in a polite live region, with undo while it can be undone. One at a time: the newest. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';
import { useKeys } from '../keys.ts';
import { useText } from '../session.tsx';
import { Icon } from './icon.tsx';

export interface Told {
  readonly text: string;
  readonly failed?: boolean;
  readonly undo?: () => void;
}

const ToastContext = createContext<(told: Told) => void>(() => {});
export const useTell = () => useContext(ToastContext);

const plainMs = 6_000;
const undoMs = 20_000;

export function ToastProvider(props: { readonly children: ReactNode }) {
  const text = useText();
  const [told, setTold] = useState<Told>();
  const tell = useCallback((next: Told) => setTold(next), []);
  useEffect(() => {
    // A failure stays until it is dismissed: it must not be missed by looking away.
    if (told === undefined || told.failed === true) return;
    const timer = setTimeout(() => setTold(undefined), told.undo === undefined ? plainMs : undoMs);
    return () => clearTimeout(timer);
  }, [told]);
  const undo = () => {
    told?.undo?.();
    setTold(undefined);
  };
  useKeys(told?.undo === undefined ? {} : { u: undo }, 0);
  return (
    <ToastContext value={tell}>
      {props.children}
      <div className="toasts" role="status" aria-live="polite">
        {told === undefined ? null : (
          <div className={told.failed === true ? 'toast toast-failed' : 'toast'}>
            <span>{told.text}</span>
            {told.undo === undefined ? null : (
              <button type="button" className="quiet" onClick={undo}>
                {text.undo} <kbd>u</kbd>
              </button>
            )}
            <button
              type="button"
              className="quiet icon-only"
              aria-label={text.close}
              onClick={() => setTold(undefined)}
            >
              <Icon name="x" />
            </button>
          </div>
        )}
      </div>
    </ToastContext>
  );
}
