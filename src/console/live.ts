/**
 * The server's event stream, shared by all components of the page. A page in the background lets go of it after a while:
 * browsers allow six connections to a server over all tabs, and an analyst opens more tabs than that.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { get } from './api.ts';
import type { AlertView, Campaign, IncidentView } from './types.ts';

/** `gap`: the stream was interrupted and has begun again; what was missed must be read anew. */
export type Change =
  | { readonly kind: 'alert'; readonly doc: AlertView }
  | { readonly kind: 'incident'; readonly doc: IncidentView }
  | { readonly kind: 'campaign'; readonly doc: Campaign }
  | { readonly kind: 'gap' };

export type LiveState = 'live' | 'waiting';

const hiddenGraceMs = 20_000;
const kinds = ['alert', 'incident', 'campaign'] as const;

const listeners = new Set<(change: Change) => void>();
const stateListeners = new Set<() => void>();
let state: LiveState = 'waiting';

function setState(next: LiveState): void {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener();
}

function publish(change: Change): void {
  for (const listener of listeners) listener(change);
}

/** Opens the stream until the returned function is called. One at a time. */
export function startLive(): () => void {
  let stream: EventSource | undefined;
  let interrupted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const open = () => {
    clearTimeout(timer);
    if (stream !== undefined) return;
    const opened = new EventSource('/api/v1/stream');
    stream = opened;
    opened.onopen = () => {
      setState('live');
      if (interrupted) publish({ kind: 'gap' });
      interrupted = false;
    };
    opened.onerror = () => {
      setState('waiting');
      interrupted = true;
      // The browser gives up for good on an HTTP error; a center that restarts answers one for some seconds.
      if (opened.readyState === EventSource.CLOSED && stream === opened) {
        stream = undefined;
        // If it is the session that ended, this answer says so and the console goes to the sign-in page.
        get('session').catch(() => {});
        timer = setTimeout(open, 5_000);
      }
    };
    for (const kind of kinds) {
      opened.addEventListener(kind, (event: MessageEvent<string>) => {
        publish({ kind, doc: JSON.parse(event.data) } as Change);
      });
    }
  };
  const close = () => {
    stream?.close();
    stream = undefined;
    interrupted = true;
    setState('waiting');
  };
  const onVisibility = () => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') open();
    else timer = setTimeout(close, hiddenGraceMs);
  };

  open();
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(timer);
    close();
  };
}

/** Calls the newest `listener` for each change while the component is there. */
export function useLive(listener: (change: Change) => void): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(() => {
    const call = (change: Change) => newest.current(change);
    listeners.add(call);
    return () => {
      listeners.delete(call);
    };
  }, []);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    () => state,
  );
}
