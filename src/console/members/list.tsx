/** All members with the health of their sources: where does something not arrive, or arrive unreadable? */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../keys.ts';
import { Link, navigate, useParams } from '../location.tsx';
import { HealthBadge, healthOrder } from '../parts/badge.tsx';
import { useCursor } from '../parts/cursor.ts';
import { DebouncedInput } from '../parts/debounced.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { useRefresh } from '../parts/refresh.ts';
import { Time } from '../parts/time.tsx';
import { useQuery } from '../query.ts';
import { useText } from '../session.tsx';
import type { List, Member, SourceView } from '../types.ts';
import { sumSources } from './sum.ts';

export function MembersPage() {
  const text = useText();
  const { one, set } = useParams();
  const members = useQuery<List<Member>>('members?limit=1000');
  const sources = useQuery<List<SourceView>>('sources?limit=1000');
  useRefresh(sources.reload);
  const searchRef = useRef<HTMLInputElement>(null);
  const [cursor, setCursor] = useState('');
  const words = one('text');

  const rows = useMemo(() => {
    const wanted = words.normalize('NFKC').toLowerCase();
    return (members.data?.items ?? [])
      .filter((member) => `${member.name} ${member.id}`.normalize('NFKC').toLowerCase().includes(wanted))
      .map((member) => ({
        member,
        sum: sumSources((sources.data?.items ?? []).filter((source) => source.memberId === member.id)),
      }))
      .sort(
        (a, b) =>
          healthOrder.indexOf(a.sum.health) - healthOrder.indexOf(b.sum.health) ||
          (a.member.name < b.member.name ? -1 : 1),
      );
  }, [members.data, sources.data, words]);
  const ids = useMemo(() => rows.map((row) => row.member.id), [rows]);
  const { listRef } = useCursor({ ids, current: cursor, onMove: setCursor });
  useKeys({
    enter: () => cursor !== '' && navigate(`/members/${encodeURIComponent(cursor)}`),
    '/': () => searchRef.current?.focus(),
  });
  useEffect(() => {
    document.title = `${text.members.title} · ${text.product}`;
  }, [text]);

  const error = members.error ?? sources.error;
  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.members.title}</h1>
        <search className="toolbar">
          <DebouncedInput
            label={text.members.filter}
            value={words}
            inputRef={searchRef}
            onChange={(typed) => set({ text: typed })}
          />
          <span className="muted">{text.members.last24h}</span>
        </search>
      </div>
      {error === undefined ? null : <Failed error={error} again={sources.reload} />}
      {members.data === undefined || sources.data === undefined ? (
        error === undefined ? (
          <Loading />
        ) : null
      ) : members.data.items.length === 0 ? (
        <Empty title={text.members.empty} hint={text.members.emptyHint}>
          <pre>bin/hinomi members add kita-hospital --name "Kita Hospital" --kind hospital</pre>
        </Empty>
      ) : (
        <div ref={listRef} className="list-body">
          <table className="table table-members">
            <thead>
              <tr>
                <th scope="col" className="col-title">
                  {text.columns.member}
                </th>
                <th scope="col" className="col-kind">
                  {text.columns.type}
                </th>
                <th scope="col" className="col-health">
                  {text.columns.health}
                </th>
                <th scope="col" className="col-number col-extra">
                  {text.columns.sources}
                </th>
                <th scope="col" className="col-number">
                  {text.columns.received}
                </th>
                <th scope="col" className="col-number">
                  {text.columns.rejects}
                </th>
                <th scope="col" className="col-number col-extra">
                  {text.columns.refused}
                </th>
                <th scope="col" className="col-time">
                  {text.columns.lastReceived}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ member, sum }) => (
                <tr
                  key={member.id}
                  data-row={member.id}
                  className="row"
                  data-cursor={member.id === cursor || undefined}
                >
                  <td className="col-title">
                    <Link className="row-title" data-row-focus="" href={`/members/${encodeURIComponent(member.id)}`}>
                      {member.name}
                    </Link>{' '}
                    <span className="muted">{member.id}</span>
                  </td>
                  <td className="col-kind">{text.memberKind[member.kind]}</td>
                  <td className="col-health">
                    <HealthBadge health={sum.health} />
                  </td>
                  <td className="col-number col-extra">{sum.sources}</td>
                  <td className="col-number">{sum.received.toLocaleString()}</td>
                  <td className={sum.rejects > 0 ? 'col-number number-warning' : 'col-number'}>
                    {sum.rejects.toLocaleString()}
                  </td>
                  <td className={sum.refused > 0 ? 'col-number col-extra number-warning' : 'col-number col-extra'}>
                    {sum.refused.toLocaleString()}
                  </td>
                  <td className="col-time">
                    {sum.lastReceivedAt === null ? (
                      <span className="muted">{text.members.never}</span>
                    ) : (
                      <Time at={sum.lastReceivedAt} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
