/** One member: its sources with their ledger and health, and the records that could not be read. */
import { useEffect } from 'react';
import { Link, useParams } from '../location.tsx';
import { HealthBadge } from '../parts/badge.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { useRefresh } from '../parts/refresh.ts';
import { Time } from '../parts/time.tsx';
import { useQuery } from '../query.ts';
import { searchAddress } from '../search/address.ts';
import { useSigned, useText } from '../session.tsx';
import type { List, Member, SourceView } from '../types.ts';
import { Rejects } from './rejects.tsx';

export function MemberPage(props: { readonly id: string }) {
  const text = useText();
  const { many } = useSigned();
  const { one, set } = useParams();
  const member = useQuery<Member>(`members/${encodeURIComponent(props.id)}`);
  const sources = useQuery<List<SourceView>>(`sources?memberId=${encodeURIComponent(props.id)}&limit=1000`);
  useRefresh(sources.reload);
  const chosen = one('source');
  useEffect(() => {
    document.title = `${member.data?.name ?? props.id} · ${text.product}`;
  }, [member.data, props.id, text]);

  if (member.error?.status === 404) {
    return (
      <Empty title={text.members.notFound}>
        <Link href="/members">{text.members.title}</Link>
      </Empty>
    );
  }
  const error = member.error ?? sources.error;
  const list = sources.data?.items;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{member.data?.name ?? props.id}</h1>
        {member.data === undefined ? null : (
          <p className="muted">
            {text.memberKind[member.data.kind]} · {member.data.id} · {text.members.zone} {member.data.timeZone}
          </p>
        )}
        {many ? (
          <p className="acts">
            <Link href={`/alerts?member=${encodeURIComponent(props.id)}`}>{text.members.showAlerts}</Link>
            <Link href={`/search?member=${encodeURIComponent(props.id)}`}>{text.members.showEvents}</Link>
          </p>
        ) : null}
      </div>
      {error === undefined ? null : <Failed error={error} again={sources.reload} />}
      {list === undefined ? (
        error === undefined ? (
          <Loading />
        ) : null
      ) : list.length === 0 ? (
        <Empty title={text.members.noSources} hint={text.members.noSourcesHint}>
          <pre>bin/hinomi keys add {props.id}.vpn --type fortinet-fortigate</pre>
        </Empty>
      ) : (
        <section>
          <h2>
            {text.columns.sources}{' '}
            <span className="muted">
              {text.members.last24h}: {text.members.ledger}
            </span>
          </h2>
          <div className="table-wrap">
            <SourceTable sources={list} chosen={chosen} onChoose={(source) => set({ source })} />
          </div>
        </section>
      )}
      {list === undefined || list.length === 0 ? null : (
        <Rejects key={chosen} sources={list} sourceId={chosen} onChoose={(source) => set({ source })} />
      )}
    </div>
  );
}

function SourceTable(props: {
  readonly sources: readonly SourceView[];
  readonly chosen: string;
  readonly onChoose: (sourceId: string) => void;
}) {
  const text = useText();
  const counted = ['received', 'events', 'rejects', 'refused', 'pending'] as const;
  return (
    <table className="table table-sources">
      <thead>
        <tr>
          <th scope="col">{text.columns.source}</th>
          <th scope="col">{text.columns.type}</th>
          <th scope="col">{text.columns.health}</th>
          {counted.map((name) => (
            <th key={name} scope="col" className="col-number">
              {text.columns[name]}
            </th>
          ))}
          <th scope="col">{text.columns.lastReceived}</th>
        </tr>
      </thead>
      <tbody>
        {props.sources.map((source) => (
          <tr key={source.id} className="row" data-cursor={source.id === props.chosen || undefined}>
            <th scope="row">
              <Link
                href={searchAddress({
                  field: 'hinomi.source_id',
                  value: source.id,
                  memberId: source.memberId,
                  range: '24h',
                })}
              >
                {source.name}
              </Link>
            </th>
            <td>
              {source.type} <span className="muted">{source.encoding}</span>
            </td>
            <td>
              <HealthBadge health={source.health} />
              {source.health === 'ok' ? null : (
                <p className="muted health-meaning">{text.healthMeaning[source.health]}</p>
              )}
            </td>
            {counted.map((name) => {
              const count = source.counters[name];
              const warns = count > 0 && (name === 'rejects' || name === 'refused');
              return (
                <td key={name} className={warns ? 'col-number number-warning' : 'col-number'}>
                  {name === 'rejects' && count > 0 ? (
                    <button type="button" className="as-link" onClick={() => props.onChoose(source.id)}>
                      {count.toLocaleString()}
                    </button>
                  ) : (
                    count.toLocaleString()
                  )}
                </td>
              );
            })}
            <td>
              {source.lastReceivedAt === null ? (
                <span className="muted">{text.members.never}</span>
              ) : (
                <Time at={source.lastReceivedAt} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
