/**
 * Who is at the console and how they want it: session, language, colours, names of members, what their role may do.
 * The server decides what is allowed; `may` only keeps controls away that it would refuse.
 */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { type ApiError, get, send, setCsrfToken, whenSignedOut } from './api.ts';
import { en } from './i18n/en.ts';
import { ja, type Text } from './i18n/ja.ts';
import { startLive } from './live.ts';
import { asApiError, useQuery } from './query.ts';
import type { Language, List, Member, Session } from './types.ts';

export type Theme = 'auto' | 'light' | 'dark';

export interface Preferences {
  readonly language: Language;
  readonly text: Text;
  readonly setLanguage: (language: Language) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
}

export interface Signed {
  readonly user: Session['user'];
  readonly members: readonly Member[];
  /** Name as people write it; the id where the name is not known (yet). */
  readonly memberName: (id: string) => string;
  /** More than one member in sight: lists name the member of each row. */
  readonly many: boolean;
  readonly may: {
    readonly triage: boolean;
    readonly comment: boolean;
    readonly replay: boolean;
    readonly queue: boolean;
    /** See how the center itself is. */
    readonly status: boolean;
    /** Put batches that were set aside back into their queue. */
    readonly retryBatches: boolean;
  };
  readonly signOut: () => void;
}

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'unreachable'; readonly error: ApiError; readonly again: () => void }
  | { readonly kind: 'signed-out'; readonly ended: boolean }
  | { readonly kind: 'signed-in'; readonly session: Session };

const PreferencesContext = createContext<Preferences | undefined>(undefined);
const SignedContext = createContext<Signed | undefined>(undefined);

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used outside of its provider');
  return value;
}

export const usePreferences = (): Preferences => needed(useContext(PreferencesContext));
export const useText = (): Text => usePreferences().text;
/** Only below a signed-in session. */
export const useSigned = (): Signed => needed(useContext(SignedContext));

const languageName = 'hinomi.language';
const themeName = 'hinomi.theme';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(languageName);
  if (chosen === 'ja' || chosen === 'en') return chosen;
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

function firstTheme(): Theme {
  const chosen = localStorage.getItem(themeName);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
}

/** Before the first paint, so that a dark console never flashes white. */
export function applyTheme(theme: Theme = firstTheme()): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useSession(): {
  readonly state: SessionState;
  readonly preferences: Preferences;
  readonly begin: (session: Session) => void;
  readonly signOut: () => void;
} {
  const [state, setState] = useState<SessionState>({ kind: 'asking' });
  const [language, setShown] = useState(firstLanguage);
  const [theme, setThemeState] = useState(firstTheme);
  const [chosenHere, setChosenHere] = useState(false);
  const signedIn = state.kind === 'signed-in';

  const saveLanguage = useCallback((next: Language) => {
    // A preference that could not be saved is still in effect here; nothing to bother the reader with.
    send('PATCH', 'session/user', { language: next }).catch(() => {});
  }, []);

  const begin = useCallback(
    (session: Session) => {
      setCsrfToken(session.csrfToken);
      if (chosenHere) saveLanguage(language);
      else setShown(session.user.language);
      setState({ kind: 'signed-in', session });
    },
    [chosenHere, language, saveLanguage],
  );

  const ask = useCallback(() => {
    setState({ kind: 'asking' });
    get<Session>('session')
      .then(begin)
      .catch((error: unknown) => {
        const told = asApiError(error);
        if (told.status === 401) setState({ kind: 'signed-out', ended: false });
        else setState({ kind: 'unreachable', error: told, again: ask });
      });
  }, [begin]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, when the page opens.
  useEffect(() => {
    whenSignedOut(() => {
      setState((old) => (old.kind === 'signed-in' ? { kind: 'signed-out', ended: true } : old));
    });
    ask();
  }, []);

  useEffect(() => (signedIn ? startLive() : undefined), [signedIn]);

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const signOut = useCallback(() => {
    send('DELETE', 'session')
      .catch(() => {})
      .finally(() => setState({ kind: 'signed-out', ended: false }));
  }, []);

  const preferences = useMemo<Preferences>(
    () => ({
      language,
      text: language === 'ja' ? ja : en,
      setLanguage: (next) => {
        localStorage.setItem(languageName, next);
        setShown(next);
        setChosenHere(true);
        if (signedIn) saveLanguage(next);
      },
      theme,
      setTheme: (next) => {
        localStorage.setItem(themeName, next);
        applyTheme(next);
        setThemeState(next);
      },
    }),
    [language, theme, signedIn, saveLanguage],
  );
  return { state, preferences, begin, signOut };
}

export function PreferencesProvider(props: { readonly value: Preferences; readonly children: ReactNode }) {
  return <PreferencesContext value={props.value}>{props.children}</PreferencesContext>;
}

export function SignedProvider(props: {
  readonly session: Session;
  readonly signOut: () => void;
  readonly children: ReactNode;
}) {
  const { session, signOut } = props;
  const listed = useQuery<List<Member>>('members?limit=1000');
  const members = listed.data?.items;
  const value = useMemo<Signed>(() => {
    const { user } = session;
    const names = new Map((members ?? []).map((member) => [member.id, member.name]));
    const center = user.role === 'admin' || user.role === 'analyst';
    return {
      user,
      members: members ?? [],
      memberName: (id) => names.get(id) ?? id,
      many: user.members === 'all' || user.members.length > 1,
      may: {
        triage: center,
        comment: center || user.role === 'responder' || user.role === 'member',
        replay: center,
        queue: center,
        status: user.role !== 'member' && user.members === 'all',
        retryBatches: user.role === 'admin' && user.members === 'all',
      },
      signOut,
    };
  }, [session, members, signOut]);
  return <SignedContext value={value}>{props.children}</SignedContext>;
}
