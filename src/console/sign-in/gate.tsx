/** The card in the middle of the page that sign-in and setup share. */
import type { ReactNode } from 'react';
import { Logo } from '../parts/icon.tsx';
import { useText } from '../session.tsx';
import { LanguageButton, ThemeSelect } from '../shell/preferences.tsx';

export function Gate(props: { readonly title: string; readonly children: ReactNode }) {
  const text = useText();
  return (
    <div className="gate">
      <div className="gate-tools">
        <LanguageButton />
        <ThemeSelect />
      </div>
      <main className="gate-card">
        <div className="gate-brand">
          <Logo />
          <p>
            <strong>{text.product}</strong>
            <span>{text.signIn.tagline}</span>
          </p>
        </div>
        <h1>{props.title}</h1>
        {props.children}
      </main>
    </div>
  );
}
