/** Sign-in. The address that was asked for stays, so that a shared link leads where it should afterwards. */
import { type FormEvent, useState } from 'react';
import { send } from '../api.ts';
import { asApiError } from '../query.ts';
import { useText } from '../session.tsx';
import type { Session } from '../types.ts';
import { Gate } from './gate.tsx';

export function SignInPage(props: { readonly ended: boolean; readonly onDone: (session: Session) => void }) {
  const text = useText();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setWrong(undefined);
    send<Session>('POST', 'session', { login: form.get('login'), password: form.get('password') })
      .then(props.onDone)
      .catch((error: unknown) => {
        const told = asApiError(error);
        setBusy(false);
        if (told.status === 401) setWrong(text.errors.signInFailed);
        else if (told.status === 429) setWrong(text.errors.overQuota);
        else setWrong(told.status === 0 ? text.errors.unreachable : told.message);
      });
  };

  return (
    <Gate title={text.signIn.title}>
      {props.ended ? <p role="status">{text.signIn.ended}</p> : null}
      <form onSubmit={submit}>
        <label className="field">
          <span>{text.signIn.login}</span>
          <input
            name="login"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            maxLength={120}
          />
        </label>
        <label className="field">
          <span>{text.signIn.password}</span>
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <div role="alert" className="field-error">
          {wrong}
        </div>
        <button type="submit" className="main-act" disabled={busy}>
          {busy ? text.signIn.busy : text.signIn.submit}
        </button>
      </form>
    </Gate>
  );
}
