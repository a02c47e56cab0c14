/** All fields of one event as a definition list; every value can be taken over into a search. */
import { type KeyboardEvent, useMemo } from 'react';
import { Link } from '../location.tsx';
import { searchAddress } from '../search/address.ts';
import { useText } from '../session.tsx';
import type { Event } from '../types.ts';
import { Icon } from './icon.tsx';
import { formatUtc } from './time.tsx';
import { useTell } from './toast.tsx';
import { visible } from './visible.ts';

export type Pivot = (field: string, value: string, mode: 'include' | 'exclude' | 'only') => void;

/** Identify one event or one moment: narrowing a search to them finds nothing else. */
const unsearchable = new Set(['@timestamp', 'event.ingested', 'event.original', 'event.id']);

export function EventFields(props: { readonly event: Event; readonly onPivot?: Pivot }) {
  const text = useText();
  const { event, onPivot } = props;
  const fields = useMemo(
    () =>
      Object.entries(event)
        .filter(([field]) => field !== 'event.original')
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    [event],
  );
  const original = Object.hasOwn(event, 'event.original') ? String(event['event.original']) : '';
  return (
    <div className="event-fields">
      <dl>
        {fields.map(([field, value]) => (
          <div key={field}>
            <dt>{visible(field, 200)}</dt>
            <dd>
              {(Array.isArray(value) ? value : [value]).map((one, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: values of one event never move.
                <FieldValue key={at} event={event} field={field} value={String(one)} onPivot={onPivot} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
      {original === '' ? null : (
        <details className="original">
          <summary>{text.search.raw}</summary>
          <pre className="raw">{visible(original, 20_000)}</pre>
        </details>
      )}
    </div>
  );
}

function FieldValue(props: {
  readonly event: Event;
  readonly field: string;
  readonly value: string;
  readonly onPivot: Pivot | undefined;
}) {
  const text = useText();
  const tell = useTell();
  const { event, field, value, onPivot } = props;
  const shown = visible(value);
  if (unsearchable.has(field)) {
    const hint = field === 'event.id' || field === 'event.original' ? undefined : formatUtc(value);
    return (
      <span className="value" title={hint}>
        {shown}
      </span>
    );
  }
  const close = (element: HTMLElement) => {
    element.closest('details')?.removeAttribute('open');
    element.closest('details')?.querySelector('summary')?.focus();
  };
  const onKeyDown = (pressed: KeyboardEvent<HTMLElement>) => {
    if (pressed.key === 'Escape') {
      pressed.stopPropagation();
      close(pressed.target as HTMLElement);
    }
  };
  return (
    <details
      className="value-menu"
      name="value-menu"
      onKeyDown={onKeyDown}
      onBlur={(left) => {
        if (!left.currentTarget.contains(left.relatedTarget)) left.currentTarget.removeAttribute('open');
      }}
    >
      <summary aria-label={text.search.valueMenu(field, shown)}>
        <bdi className="value">{shown}</bdi>
      </summary>
      <div className="value-acts">
        {onPivot === undefined ? (
          <Link href={searchAddress({ field, value, memberId: event['organization.id'] })}>
            <Icon name="search" />
            {text.search.only}
          </Link>
        ) : (
          (['include', 'exclude', 'only'] as const).map((mode) => (
            <button key={mode} type="button" className="quiet" onClick={() => onPivot(field, value, mode)}>
              <Icon name={mode === 'include' ? 'plus' : mode === 'exclude' ? 'minus' : 'only'} />
              {text.search[mode]}
            </button>
          ))
        )}
        <button
          type="button"
          className="quiet"
          onClick={(pressed) => {
            close(pressed.currentTarget);
            navigator.clipboard?.writeText(value).then(
              () => tell({ text: text.copied }),
              () => {},
            );
          }}
        >
          <Icon name="copy" />
          {text.copy}
        </button>
      </div>
    </details>
  );
}
