/** The rules in force, to look up what an alert rests on. Reads them whole: a center has thousands, not millions. */

import { useEffect, useMemo, useRef } from 'react';
import { Tags } from '../alerts/panel.tsx';
import { useKeys } from '../keys.ts';
import { Link, useParams } from '../location.tsx';
import { LevelBadge, LevelMark, levels } from '../parts/badge.tsx';
import { Chips } from '../parts/chips.tsx';
import { useCursor } from '../parts/cursor.ts';
import { DebouncedInput } from '../parts/debounced.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { titleOf } from '../parts/title.ts';
import { useQuery } from '../query.ts';
import { searchAddress } from '../search/address.ts';
import { usePreferences } from '../session.tsx';
import type { RuleList, RuleView } from '../types.ts';
import { countEach, filterRules, logsourceOf } from './filter.ts';
import { RulesStanding } from './standing.tsx';

/** Rows drawn at once; whoever looks for one rule among thousands types a word. */
const mostShown = 300;

export function RulesPage() {
  const { language, text } = usePreferences();
  const { one, all, set } = useParams();
  const searchRef = useRef<HTMLInputElement>(null);
  const rules = useQuery<RuleList>('rules');
  const words = one('text');
  const openId = one('rule');
  const asked = all('level');
  const level = useMemo(() => levels.filter((value) => asked.includes(value)), [asked]);
  const found = useMemo(() => filterRules(rules.data?.items ?? [], words, level), [rules.data, words, level]);
  // A rule that a link leads to is shown even when it would come after the last row.
  const shown = useMemo(() => {
    const head = found.slice(0, mostShown);
    const linked =
      openId === '' || head.some((rule) => rule.id === openId) ? undefined : found.find((rule) => rule.id === openId);
    return linked === undefined ? head : [linked, ...head];
  }, [found, openId]);
  const titles = useMemo(
    () => new Map((rules.data?.items ?? []).map((rule) => [rule.id, titleOf(rule, language)])),
    [rules.data, language],
  );
  const ids = useMemo(() => shown.map((rule) => rule.id), [shown]);
  const { listRef } = useCursor({ ids, current: openId, onMove: (rule) => set({ rule }) });
  useKeys({ '/': () => searchRef.current?.focus(), escape: () => set({ rule: '' }) });
  useEffect(() => {
    document.title = `${text.rules.title} · ${text.product}`;
  }, [text]);
  const loaded = rules.data !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the rules have come; afterwards the reader moves by hand.
  useEffect(() => {
    if (openId !== '')
      document.querySelector(`[data-row="${CSS.escape(openId)}"]`)?.scrollIntoView({ block: 'center' });
  }, [loaded]);

  return (
    <div className="page">
      <div className="page-head">
        <h1>{text.rules.title}</h1>
        <search className="toolbar" aria-label={text.alerts.filters}>
          <Chips
            label={text.alerts.levelFilter}
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
            onChange={(chosen) => set({ level: chosen, rule: '' })}
          />
          <DebouncedInput
            label={`${text.rules.filter}: ${text.rules.filterHint}`}
            value={words}
            inputRef={searchRef}
            onChange={(typed) => set({ text: typed, rule: '' })}
          />
        </search>
      </div>
      <RulesStanding list={rules.data} onReloaded={rules.reload} />
      {rules.error === undefined ? null : <Failed error={rules.error} again={rules.reload} />}
      {rules.data === undefined ? (
        rules.error === undefined ? (
          <Loading />
        ) : null
      ) : found.length === 0 ? (
        <Empty title={text.rules.empty} hint={text.rules.emptyHint} />
      ) : (
        <div ref={listRef} className="list-body">
          <table className="table table-rules">
            <thead>
              <tr>
                <th scope="col" className="col-level">
                  {text.columns.level}
                </th>
                <th scope="col" className="col-title">
                  {text.columns.title}
                </th>
                <th scope="col" className="col-kind">
                  {text.columns.type}
                </th>
                <th scope="col" className="col-logsource">
                  {text.columns.logsource}
                </th>
                <th scope="col" className="col-tags">
                  {text.columns.tags}
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((rule) => (
                <RuleRow
                  key={rule.id}
                  rule={rule}
                  titles={titles}
                  open={rule.id === openId}
                  onToggle={() => set({ rule: rule.id === openId ? '' : rule.id })}
                />
              ))}
            </tbody>
          </table>
          <p className="list-end muted">{text.showing(shown.length, shown.length < found.length)}</p>
        </div>
      )}
    </div>
  );
}

function RuleRow(props: {
  readonly rule: RuleView;
  readonly titles: ReadonlyMap<string, string>;
  readonly open: boolean;
  readonly onToggle: () => void;
}) {
  const { language, text } = usePreferences();
  const { rule, titles, open } = props;
  const description = language === 'ja' && rule.descriptionJa ? rule.descriptionJa : rule.description;
  return (
    <>
      <tr data-row={rule.id} className="row" data-cursor={open || undefined}>
        <td className="col-level">
          <LevelBadge level={rule.level} />
        </td>
        <td className="col-title">
          <button
            type="button"
            className="row-title as-link"
            data-row-focus=""
            aria-expanded={open}
            onClick={props.onToggle}
          >
            {titleOf(rule, language)}
          </button>
          <span className="row-under">
            <span>{logsourceOf(rule)}</span>
          </span>
        </td>
        <td className="col-kind">{text.rules.kinds[rule.kind]}</td>
        <td className="col-logsource">{logsourceOf(rule)}</td>
        <td className="col-tags">
          <Tags tags={rule.tags.filter((tag) => tag.startsWith('attack.t'))} />
        </td>
      </tr>
      {open ? (
        <tr className="row-details">
          <td colSpan={5}>
            {description === '' ? null : <p className="prose">{description}</p>}
            <dl className="facts">
              <div>
                <dt>ID</dt>
                <dd>
                  <code>{rule.id}</code>
                </dd>
              </div>
              <div>
                <dt>{text.rules.file}</dt>
                <dd>
                  <code>{rule.file}</code>
                </dd>
              </div>
              {rule.rules === undefined ? null : (
                <div>
                  <dt>{text.rules.refersTo}</dt>
                  <dd>
                    {rule.type}:{' '}
                    {countEach(rule.rules).map(([id, times]) => (
                      <Link key={id} className="entity" href={`/rules?rule=${encodeURIComponent(id)}`}>
                        <span className="entity-value">
                          {titles.get(id) ?? id}
                          {times > 1 ? ` ×${times}` : ''}
                        </span>
                      </Link>
                    ))}
                  </dd>
                </div>
              )}
              {rule.falsepositives.length === 0 ? null : (
                <div>
                  <dt>{text.rules.falsePositives}</dt>
                  <dd>{rule.falsepositives.join(' / ')}</dd>
                </div>
              )}
              <div>
                <dt>{text.rules.status}</dt>
                <dd>{rule.status}</dd>
              </div>
              <div>
                <dt>{text.columns.tags}</dt>
                <dd>
                  <Tags tags={rule.tags} />
                </dd>
              </div>
            </dl>
            <p className="acts">
              <Link href={`/alerts?status=any&rule=${encodeURIComponent(rule.id)}`}>{text.rules.showAlerts}</Link>
              <Link href={searchAddress({ field: 'hinomi.rules', value: rule.id })}>{text.rules.showEvents}</Link>
            </p>
          </td>
        </tr>
      ) : null}
    </>
  );
}
