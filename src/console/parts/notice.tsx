/** What stands where data would: loading, nothing there, something went wrong. Each says what to do next. */
import type { ReactNode } from 'react';
import type { ApiError } from '../api.ts';
import { useText } from '../session.tsx';

export function Loading() {
  return (
    <p className="notice notice-loading" role="status">
      {useText().loading}
    </p>
  );
}

export function Empty(props: { readonly title: string; readonly hint?: string; readonly children?: ReactNode }) {
  return (
    <div className="notice" role="status">
      <p className="notice-title">{props.title}</p>
      {props.hint === undefined ? null : <p>{props.hint}</p>}
      {props.children}
    </div>
  );
}

export function Failed(props: { readonly error: ApiError; readonly again?: () => void }) {
  const text = useText();
  const { error } = props;
  const known =
    error.status === 0
      ? { title: text.errors.unreachable, hint: text.errors.unreachableHint }
      : error.status === 403
        ? { title: text.errors.forbidden, hint: '' }
        : { title: text.errors.title, hint: '' };
  return (
    <div className="notice notice-failed" role="alert">
      <p className="notice-title">{known.title}</p>
      {known.hint === '' ? null : <p>{known.hint}</p>}
      {error.message === '' ? null : (
        <p>
          {text.errors.serverSaid}: <span lang="en">{error.message}</span>
        </p>
      )}
      {props.again === undefined ? null : (
        <button type="button" onClick={props.again}>
          {text.retry}
        </button>
      )}
    </div>
  );
}
