/** First password, by a one-time link `/setup#token`. The token stands after "#" so that it never reaches a server's log. */
import { type FormEvent, useState } from 'react';
import { send } from '../api.ts';
import { navigate } from '../location.tsx';
import { asApiError } from '../query.ts';
import { useText } from '../session.tsx';
import type { Session } from '../types.ts';
import { Gate } from './gate.tsx';

const shortest = 12;

export function SetupPage(props: { readonly onDone: (session: Session) => void }) {
  const text = useText();
  const [token] = useState(() => location.hash.slice(1));
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get('password') ?? '');
    if ([...password].length < shortest) return setWrong(text.setup.short);
    if (password !== form.get('again')) return setWrong(text.setup.differ);
    setBusy(true);
    setWrong(undefined);
    send<Session>('POST', 'setup', { token, password })
      .then((session) => {
        navigate('/alerts', { replace: true });
        props.onDone(session);
      })
      .catch((error: unknown) => {
        const told = asApiError(error);
        setBusy(false);
        if (told.status === 401 || told.status === 404) setWrong(text.errors.invalidSetup);
        else if (told.status === 429) setWrong(text.errors.overQuota);
        else setWrong(told.status === 0 ? text.errors.unreachable : told.message);
      });
  };

  return (
    <Gate title={text.setup.title}>
      {token === '' ? (
        <p role="alert" className="field-error">
          {text.setup.missing}
        </p>
      ) : (
        <form onSubmit={submit}>
          <p>{text.setup.intro}</p>
          <label className="field">
            <span>{text.setup.password}</span>
            <input
              name="password"
              type="password"
              autoComplete="new-password"
              required
              minLength={shortest}
              aria-describedby="password-rule"
            />
          </label>
          <p id="password-rule" className="muted">
            {text.setup.rule}
          </p>
          <label className="field">
            <span>{text.setup.again}</span>
            <input name="again" type="password" autoComplete="new-password" required />
          </label>
          <div role="alert" className="field-error">
            {wrong}
          </div>
          <button type="submit" className="main-act" disabled={busy}>
            {text.setup.submit}
          </button>
        </form>
      )}
    </Gate>
  );
}
