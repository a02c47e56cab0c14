/** All keys, and the switch that turns the single-letter ones off. */
import { useShortcutSetting } from '../keys.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useSigned, useText } from '../session.tsx';

export function Help(props: { readonly onClose: () => void }) {
  const text = useText();
  const { may } = useSigned();
  const [on, setOn] = useShortcutSetting();
  const words = text.help.keys;
  const groups: readonly { name: string; keys: readonly (readonly [string, string])[] }[] = [
    {
      name: text.help.groups.everywhere,
      keys: [
        ['?', words.help],
        ['/', words.search],
        ['g a', words.goAlerts],
        ['g i', words.goIncidents],
        ['g s', words.goSearch],
        ['g m', words.goMembers],
        ['g r', words.goRules],
        ...(may.status ? [['g t', words.goStatus] as const] : []),
        ['Esc', words.escape],
      ],
    },
    {
      name: text.help.groups.lists,
      keys: [
        ['j', words.down],
        ['k', words.up],
        ['Enter', words.open],
        ['.', words.fresh],
      ],
    },
    ...(may.triage
      ? [
          {
            name: text.help.groups.alerts,
            keys: [
              ['a', words.acknowledge],
              ['e', words.takeOver],
              ['c', words.close],
              ['x', words.select],
              ['Shift A', words.acknowledgeAll],
              ['u', words.undo],
            ] as const,
          },
        ]
      : []),
    ...(may.comment
      ? [
          {
            name: text.help.groups.incidents,
            keys: [...(may.triage ? [['e', words.takeIncident] as const] : []), ['m', words.comment] as const],
          },
        ]
      : []),
  ];
  return (
    <Dialog title={text.help.title} onClose={props.onClose}>
      <div className="help-groups">
        {groups.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl className="help-keys">
              {group.keys.map(([keys, meaning]) => (
                <div key={keys}>
                  <dt>
                    {keys.split(' ').map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="check">
        <input type="checkbox" checked={on} onChange={(event) => setOn(event.target.checked)} />
        <span>
          {text.help.setting}
          <br />
          <span className="muted">{text.help.settingHint}</span>
        </span>
      </label>
    </Dialog>
  );
}
