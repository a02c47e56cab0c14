/** The frame around every page: navigation, preferences, account, footer; and the keys that work everywhere. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useKeys } from '../keys.ts';
import { Link, navigate, useAddress } from '../location.tsx';
import { Icon, Logo } from '../parts/icon.tsx';
import { useSigned, useText } from '../session.tsx';
import { Footer } from './footer.tsx';
import { Help } from './help.tsx';
import { LanguageButton, ThemeSelect } from './preferences.tsx';

export function Shell(props: { readonly children: ReactNode }) {
  const text = useText();
  const { user, many, may, signOut } = useSigned();
  const { path } = useAddress();
  const [helping, setHelping] = useState(false);
  const ownPlace = many ? '/members' : `/members/${encodeURIComponent(user.members[0] ?? '')}`;

  // Another page is another place to read from: without this a screen reader stays at the link that led there.
  const content = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) content.current?.focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is seen of a navigation wider than the screen depends on both.
  useEffect(() => {
    document.querySelector('.shell-nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path, text]);

  useKeys(
    {
      'g a': () => navigate('/alerts'),
      'g i': () => navigate('/incidents'),
      'g s': () => navigate('/search'),
      'g m': () => navigate(ownPlace),
      'g r': () => navigate('/rules'),
      ...(may.status && { 'g t': () => navigate('/status') }),
      '/': () => navigate('/search'),
      '?': () => setHelping(true),
    },
    0,
  );

  const places = [
    { href: '/alerts', label: text.nav.alerts, here: path === '/' || path.startsWith('/alerts') },
    {
      href: '/incidents',
      label: text.nav.incidents,
      here: path.startsWith('/incidents') || path.startsWith('/campaigns'),
    },
    { href: '/search', label: text.nav.search, here: path.startsWith('/search') },
    { href: ownPlace, label: many ? text.nav.members : text.nav.ownMember, here: path.startsWith('/members') },
    { href: '/rules', label: text.nav.rules, here: path.startsWith('/rules') },
    ...(may.status ? [{ href: '/status', label: text.nav.status, here: path.startsWith('/status') }] : []),
  ];

  return (
    <div className="shell">
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <header className="shell-head">
        <Link className="brand" href="/alerts" aria-label={text.product}>
          <Logo />
          <span className="brand-name">{text.product}</span>
        </Link>
        <nav aria-label={text.nav.label} className="shell-nav">
          {places.map((place) => (
            <Link key={place.href} href={place.href} {...(place.here ? { 'aria-current': 'page' as const } : {})}>
              {place.label}
            </Link>
          ))}
        </nav>
        <div className="shell-tools">
          <button type="button" className="quiet icon-only" onClick={() => setHelping(true)} aria-label={text.nav.help}>
            <Icon name="help" />
          </button>
          <LanguageButton />
          <ThemeSelect />
          <details className="account" name="account">
            <summary aria-label={`${text.nav.account}: ${user.name}`}>
              <Icon name="person" />
              <span className="account-name">{user.name}</span>
            </summary>
            <div className="account-menu">
              <p>
                <strong>{user.name}</strong>
                <br />
                <span className="muted">
                  {user.login} · {text.roles[user.role]}
                </span>
              </p>
              <button type="button" onClick={signOut}>
                {text.nav.signOut}
              </button>
            </div>
          </details>
        </div>
      </header>
      <main id="content" tabIndex={-1} ref={content}>
        {props.children}
      </main>
      <Footer />
      {helping ? <Help onClose={() => setHelping(false)} /> : null}
    </div>
  );
}
