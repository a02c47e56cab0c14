/** Which set of rules is in force, since when, and what is wrong in its files; for administrators of the center, reading it anew. */
import { useState } from 'react';
import { send } from '../api.ts';
import { Icon } from '../parts/icon.tsx';
import { Failed } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { useTell } from '../parts/toast.tsx';
import { visible } from '../parts/visible.ts';
import { asApiError, useQuery } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { List, RuleList, RuleProblem, RulesReload } from '../types.ts';

/** Problems drawn at once; errors come first. */
const mostShown = 200;

export function RulesStanding(props: { readonly list: RuleList | undefined; readonly onReloaded: () => void }) {
  const text = useText();
  const tell = useTell();
  const { user } = useSigned();
  const [busy, setBusy] = useState(false);
  const problems = useQuery<List<RuleProblem>>(user.role === 'member' ? undefined : 'rules/problems');
  const mayReload = user.role === 'admin' && user.members === 'all';

  const reload = () => {
    setBusy(true);
    send<RulesReload>('POST', 'rules/reload')
      .then((told) => {
        const { rules, correlations, added, changed, removed, keptOld } = told;
        tell({
          text: text.rules.reloaded({
            rules: rules + correlations,
            ...{ added: added.length, changed: changed.length, removed: removed.length, kept: keptOld.length },
          }),
          failed: keptOld.length > 0,
        });
        props.onReloaded();
        problems.reload();
      })
      .catch((error: unknown) =>
        tell({
          text: `${text.rules.notReloaded} ${asApiError(error).message || text.errors.unreachable}`,
          failed: true,
        }),
      )
      .finally(() => setBusy(false));
  };

  return (
    <section className="rules-standing" aria-label={text.rules.standing}>
      <p className="toolbar">
        {props.list === undefined ? null : (
          <span className="muted">
            {text.rules.loaded} <Time at={props.list.loadedAt} /> · {text.rules.set} <code>{props.list.version}</code>
          </span>
        )}
        {mayReload ? (
          <button type="button" disabled={busy} onClick={reload}>
            <Icon name="replay" />
            {busy ? text.rules.reloading : text.rules.reload}
          </button>
        ) : null}
      </p>
      {problems.error === undefined ? null : <Failed error={problems.error} again={problems.reload} />}
      {problems.data === undefined || problems.data.items.length === 0 ? null : (
        <Problems problems={problems.data.items} />
      )}
    </section>
  );
}

function Problems(props: { readonly problems: readonly RuleProblem[] }) {
  const text = useText();
  const errors = props.problems.filter(({ severity }) => severity === 'error');
  const warnings = props.problems.filter(({ severity }) => severity === 'warning');
  const sorted = [...errors, ...warnings];
  return (
    <details>
      <summary>{text.rules.problems(errors.length, warnings.length)}</summary>
      <ul className="rule-problems">
        {sorted.slice(0, mostShown).map((problem, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one file may say the same twice; the list is only ever replaced whole.
          <li key={index}>
            {text.rules.severity[problem.severity]}: <span lang="en">{visible(problem.text, 600)}</span>
          </li>
        ))}
      </ul>
      {sorted.length > mostShown ? <p className="muted">{text.showing(mostShown, true)}</p> : null}
    </details>
  );
}
