/**
 * A modal dialog on the browser's own element: focus stays inside, Escape closes, focus returns. It begins at the content's
 * data-focus-first, else at the button that closes.
 */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useText } from '../session.tsx';
import { Icon } from './icon.tsx';

export function Dialog(props: { readonly title: string; readonly onClose: () => void; readonly children: ReactNode }) {
  const text = useText();
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('[data-focus-first]')?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does for the keyboard what a click outside does for the mouse.
    <dialog
      ref={element}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) props.onClose();
      }}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={titleId}>{props.title}</h2>
          <button type="button" className="quiet icon-only" onClick={props.onClose} aria-label={text.close}>
            <Icon name="x" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
