/** Choice of one member, for readers who see several; nothing at all for the others. */
import { useSigned, useText } from '../session.tsx';

export function MemberSelect(props: { readonly value: string; readonly onChange: (memberId: string) => void }) {
  const text = useText();
  const { members, many } = useSigned();
  if (!many) return null;
  return (
    <label className="field-inline">
      <span className="hidden-visually">{text.alerts.member}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        <option value="">
          {text.alerts.member}: {text.all}
        </option>
        {members.map((member) => (
          <option key={member.id} value={member.id}>
            {member.name}
          </option>
        ))}
      </select>
    </label>
  );
}
