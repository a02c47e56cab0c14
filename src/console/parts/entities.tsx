/** What an alert or incident is about, as small pairs that lead to a search for them. Values are log content: shown, never trusted. */
import { Link } from '../location.tsx';
import { searchAddress } from '../search/address.ts';
import { visible } from './visible.ts';

export interface EntityLike {
  readonly field: string;
  readonly value: string;
}

/** The last part of a field's name tells most: "source.ip" -> "source.ip", "winlog.event_data.ServiceName" -> "ServiceName". */
function shortField(field: string): string {
  const parts = field.split('.');
  return parts.length <= 2 ? field : (parts.at(-1) ?? field);
}

export function Entities(props: {
  readonly entities: readonly EntityLike[];
  readonly limit?: number;
  readonly memberId?: string;
  /** Names of fields are left to the hover text where space is scarce. */
  readonly compact?: boolean;
}) {
  const { entities, limit = 30, memberId, compact = false } = props;
  const rest = entities.length - limit;
  return (
    <ul className={compact ? 'entities entities-compact' : 'entities'}>
      {entities.slice(0, limit).map((entity) => (
        <li key={`${entity.field}=${entity.value}`}>
          <Link
            className="entity"
            href={searchAddress({
              field: entity.field,
              value: entity.value,
              ...(memberId === undefined ? {} : { memberId }),
            })}
            title={`${entity.field}: ${visible(entity.value, 400)}`}
          >
            {compact ? null : <span className="entity-field">{shortField(entity.field)}</span>}
            <bdi className="entity-value">{visible(entity.value, 120)}</bdi>
          </Link>
        </li>
      ))}
      {rest > 0 ? <li className="muted">+{rest}</li> : null}
    </ul>
  );
}
