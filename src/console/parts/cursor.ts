/** The row that j and k move: kept by id, so that rows arriving above do not shift it. Focus follows it to the row's link. */
import { useCallback, useEffect, useRef } from 'react';
import { useKeys } from '../keys.ts';

/**
 * `current` is the id under the cursor ("" for none), `onMove` is told the next. Rows mark themselves with data-row={id};
 * the first link or button marked data-row-focus inside takes the focus.
 */
export function useCursor(options: {
  readonly ids: readonly string[];
  readonly current: string;
  readonly onMove: (id: string) => void;
}): { readonly listRef: (element: HTMLElement | null) => void } {
  const list = useRef<HTMLElement>(null);
  const wanted = useRef(false);
  const { ids, current, onMove } = options;

  const move = (step: 1 | -1) => {
    const at = ids.indexOf(current);
    const next = ids[at === -1 ? (step === 1 ? 0 : ids.length - 1) : at + step];
    if (next === undefined) return;
    wanted.current = true;
    onMove(next);
  };
  useKeys({ j: () => move(1), k: () => move(-1), arrowdown: () => move(1), arrowup: () => move(-1) });

  useEffect(() => {
    if (!wanted.current || current === '') return;
    wanted.current = false;
    const row = list.current?.querySelector(`[data-row="${CSS.escape(current)}"]`);
    row?.querySelector<HTMLElement>('[data-row-focus]')?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }, [current]);

  return {
    listRef: useCallback((element: HTMLElement | null) => {
      list.current = element;
    }, []),
  };
}
