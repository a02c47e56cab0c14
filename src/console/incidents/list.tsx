/** Cases to work on: campaigns first, each one row over its members, then the incidents of single members. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { withQuery } from '../api.ts';
import { useKeys } from '../keys.ts';
import { useLive } from '../live.ts';
import { navigate, useParams } from '../location.tsx';
import { LevelMark, levels } from '../parts/badge.tsx';
import { Chips } from '../parts/chips.tsx';
import { useCursor } from '../parts/cursor.ts';
import { DebouncedInput } from '../parts/debounced.tsx';
import { MemberSelect } from '../parts/member-select.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { byId, usePages } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { Campaign, IncidentStatus, IncidentView } from '../types.ts';
import { CaseTable, campaignAddress, incidentAddress } from './table.tsx';

const open: readonly IncidentStatus[] = ['new', 'in-progress', 'waiting-on-member'];
const statuses: readonly IncidentStatus[] = [...open, 'closed'];
const settleMs = 1_000;

export function IncidentsPage() {
  const text = useText();
  const { many, user } = useSigned();
  const { one, all, set } = useParams();
  const searchRef = useRef<HTMLInputElement>(null);
  const asked = all('status');
  const status = asked.length === 0 ? open : statuses.filter((value) => asked.includes(value));
  const level = levels.filter((value) => all('level').includes(value));
  const memberId = one('member');
  const words = one('text');

  // What spans members is not for members' people, and says nothing about one member alone.
  const spanning = many && user.role !== 'member' && memberId === '';
  const campaigns = usePages<Campaign>(
    spanning ? withQuery('campaigns', { status, level, limit: 100 }) : undefined,
    byId,
  );
  const incidents = usePages<IncidentView>(
    withQuery('incidents', { status, level, text: words, memberId, limit: 100 }),
    byId,
  );
  const shownCampaigns = useMemo(() => {
    const wanted = words.normalize('NFKC').toLowerCase();
    return spanning
      ? campaigns.items.filter(({ title, titleJa }) =>
          `${title} ${titleJa ?? ''}`.normalize('NFKC').toLowerCase().includes(wanted),
        )
      : [];
  }, [spanning, campaigns.items, words]);

  const [cursor, setCursor] = useState('');
  const [fresh, setFresh] = useState(0);
  const known = useMemo(
    () => new Set([...campaigns.items, ...incidents.items].map((item) => item.id)),
    [campaigns.items, incidents.items],
  );
  const reload = () => {
    campaigns.reload();
    incidents.reload();
    setFresh(0);
  };
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive((change) => {
    if (change.kind === 'campaign') campaigns.change((old) => replaced(old, change.doc));
    if (change.kind === 'incident') incidents.change((old) => replaced(old, change.doc));
    if (change.kind === 'alert' || (change.kind !== 'gap' && known.has(change.doc.id))) return;
    // Something new: shown by itself while the reader is at the top and on no row, announced otherwise.
    if (scrollY < 40 && cursor === '') {
      clearTimeout(timer.current);
      timer.current = setTimeout(reload, settleMs);
    } else if (change.kind !== 'gap') setFresh((n) => n + 1);
  });

  const addresses = useMemo(
    () => [...shownCampaigns.map(campaignAddress), ...incidents.items.map(incidentAddress)],
    [shownCampaigns, incidents.items],
  );
  const { listRef } = useCursor({ ids: addresses, current: cursor, onMove: setCursor });
  useKeys({
    enter: () => cursor !== '' && navigate(cursor),
    escape: () => setCursor(''),
    '/': () => searchRef.current?.focus(),
    '.': reload,
  });
  useEffect(() => {
    document.title = `${text.incidents.title} · ${text.product}`;
  }, [text]);

  const error = incidents.error ?? campaigns.error;
  const nothing = shownCampaigns.length === 0 && incidents.items.length === 0;
  return (
    <div className="page" ref={listRef}>
      <div className="page-head">
        <h1>{text.incidents.title}</h1>
        <search className="toolbar" aria-label={text.alerts.filters}>
          <Chips
            label={text.incidents.statusFilter}
            chips={statuses.map((value) => ({ value, label: text.incidentStatus[value] }))}
            chosen={status}
            onChange={(chosen) => set({ status: chosen.length === 0 ? ['any'] : sameAsOpen(chosen) ? [] : chosen })}
          />
          <Chips
            label={text.incidents.levelFilter}
            chips={levels.map((value) => ({
              value,
              label: (
                <>
                  <LevelMark level={value} />
                  {text.level[value]}
                </>
              ),
            }))}
            chosen={level}
            onChange={(chosen) => set({ level: chosen })}
          />
          <MemberSelect value={memberId} onChange={(member) => set({ member })} />
          <DebouncedInput
            label={text.alerts.textHint}
            value={words}
            inputRef={searchRef}
            onChange={(typed) => set({ text: typed })}
          />
        </search>
      </div>
      <div role="status" aria-live="polite" className="fresh-place">
        {fresh === 0 ? null : (
          <button type="button" className="fresh" onClick={reload}>
            {text.incidents.fresh(fresh)} — <kbd>.</kbd> {text.alerts.freshShow}
          </button>
        )}
      </div>
      {error === undefined ? null : <Failed error={error} again={reload} />}
      {shownCampaigns.length === 0 ? null : (
        <section>
          <h2>
            {text.incidents.campaigns} <span className="muted">{text.incidents.campaignHint}</span>
          </h2>
          <CaseTable campaigns={shownCampaigns} incidents={[]} cursor={cursor} onOpen={navigate} />
          <More pages={campaigns} />
        </section>
      )}
      {incidents.items.length === 0 ? null : (
        <section>
          {shownCampaigns.length === 0 ? null : <h2>{text.incidents.single}</h2>}
          <CaseTable campaigns={[]} incidents={incidents.items} cursor={cursor} onOpen={navigate} />
          <More pages={incidents} />
        </section>
      )}
      {!nothing || error !== undefined ? null : incidents.loading ? (
        <Loading />
      ) : (
        <Empty title={text.incidents.empty} hint={text.incidents.emptyHint} />
      )}
    </div>
  );
}

function More(props: {
  readonly pages: {
    readonly last: { readonly next?: string } | undefined;
    readonly loading: boolean;
    readonly more: () => void;
  };
}) {
  const text = useText();
  if (props.pages.last?.next === undefined) return null;
  return (
    <p className="list-end">
      <button type="button" disabled={props.pages.loading} onClick={props.pages.more}>
        {text.more}
      </button>
    </p>
  );
}

function sameAsOpen(chosen: readonly string[]): boolean {
  return chosen.length === open.length && open.every((status) => chosen.includes(status));
}

function replaced<T extends { readonly id: string; readonly version: number }>(
  items: readonly T[],
  doc: T,
): readonly T[] {
  return items.map((item) => (item.id === doc.id && doc.version > item.version ? doc : item));
}
