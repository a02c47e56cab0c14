/** The address bar as state: path, query string, links that do not reload. Knows no page of the console. */
import { type AnchorHTMLAttributes, type MouseEvent, useCallback, useMemo, useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('popstate', tell);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('popstate', tell);
  };
}

const address = () => location.pathname + location.search;

/** Goes to a path of the console. `replace` leaves no entry in the history: for filters and cursors. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  if (to === address()) return;
  history[options.replace === true ? 'replaceState' : 'pushState'](null, '', to);
  tell();
  if (options.replace !== true) scrollTo(0, 0);
}

export function useAddress(): { readonly path: string; readonly query: URLSearchParams } {
  const now = useSyncExternalStore(subscribe, address);
  return useMemo(() => {
    const at = now.indexOf('?');
    return at === -1
      ? { path: now, query: new URLSearchParams() }
      : { path: now.slice(0, at), query: new URLSearchParams(now.slice(at)) };
  }, [now]);
}

export type Params = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Parameters of the present address, and a way to change some of them in place. An empty value removes a parameter. */
export function useParams(): {
  readonly one: (name: string) => string;
  readonly all: (name: string) => readonly string[];
  readonly set: (changes: Params, options?: { readonly replace?: boolean }) => void;
} {
  const { query } = useAddress();
  const set = useCallback((changes: Params, options: { readonly replace?: boolean } = { replace: true }) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      next.delete(name);
      for (const one of Array.isArray(value) ? value : [value]) if (one) next.append(name, one);
    }
    const text = next.toString();
    navigate(text === '' ? location.pathname : `${location.pathname}?${text}`, options);
  }, []);
  return useMemo(
    () => ({ one: (name: string) => query.get(name) ?? '', all: (name: string) => query.getAll(name), set }),
    [query, set],
  );
}

/** A real link (opens in a new tab as any other) that stays in the page on a plain click. */
export function Link(props: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  const { onClick, ...rest } = props;
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !plain) return;
    event.preventDefault();
    navigate(props.href);
  };
  // biome-ignore lint/a11y/useValidAnchor: it is one; href is among the rest.
  // biome-ignore lint/a11y/useKeyWithClickEvents: a link is pressed with Enter, which clicks.
  // biome-ignore lint/a11y/noStaticElementInteractions: a link is not static.
  return <a {...rest} onClick={follow} />;
}
