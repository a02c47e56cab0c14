/** Who does the work: one process in a few words, or several as a table with what each role has. */
import type { ReactNode } from 'react';
import { formatBytes } from '../parts/bytes.ts';
import { formatDuration } from '../parts/duration.ts';
import { Time } from '../parts/time.tsx';
import { useText } from '../session.tsx';
import type { ProcessStatus } from '../types.ts';

type Role = ProcessStatus['roles'][number];
const roles: readonly Role[] = ['intake', 'worker', 'correlator', 'api'];

/** `shared`: several processes may work; one that does everything is then a choice, and still a table. */
export function StatusProcesses(props: {
  readonly processes: readonly ProcessStatus[] | null;
  readonly shared: boolean;
}) {
  const words = useText().status;
  const { processes, shared } = props;
  const [only] = processes ?? [];
  return (
    <section>
      <div className="section-head">
        <h2>{words.processes}</h2>
        {processes === null || (!shared && processes.length === 1) ? null : <RoleCounts processes={processes} />}
      </div>
      {processes === null || only === undefined ? (
        <p className="muted">{processes === null ? words.processesUnknown : words.noProcesses}</p>
      ) : !shared && processes.length === 1 ? (
        <Single process={only} />
      ) : (
        <ProcessTable processes={processes} />
      )}
    </section>
  );
}

function RoleCounts(props: { readonly processes: readonly ProcessStatus[] }) {
  const words = useText().status;
  return (
    <ul className="status-roles">
      {roles.map((role) => {
        const count = props.processes.filter((process) => process.roles.includes(role)).length;
        return (
          <li key={role} className={count === 0 ? 'health health-failing' : 'health health-ok'}>
            <svg viewBox="-7 -7 14 14" aria-hidden="true" focusable="false">
              <path d={count === 0 ? 'M-4-4l8 8M4-4l-8 8' : 'M-4.500 0-1.500 3 4.500-3.500'} />
            </svg>
            <span title={words.roleHint[role]}>
              {words.roles[role]} {words.roleCount(count)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function Single(props: { readonly process: ProcessStatus }) {
  const text = useText();
  const words = text.status;
  const { version, host, pid, startedAt, rules, cpu, memoryBytes, correlator } = props.process;
  const facts: readonly (readonly [name: string, value: ReactNode])[] = [
    [words.version, version],
    [words.started, <Since key="since" at={startedAt} />],
    [
      words.cpu,
      <span key="cpu" title={words.cpuHint}>
        {percent(cpu)}
      </span>,
    ],
    [words.memory, formatBytes(memoryBytes)],
    [words.host, `${host} · ${pid}`],
    [words.rules, <code key="rules">{rules}</code>],
  ];
  const groups = correlator?.groups;
  return (
    <div className="status-single">
      <p>{words.single}</p>
      <dl className="facts">
        {[...facts, ...(groups === undefined ? [] : [[words.groups, words.groupCount(groups)] as const])].map(
          ([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </div>
  );
}

function Since(props: { readonly at: string }) {
  const text = useText();
  const age = formatDuration(Date.now() - Date.parse(props.at), text.duration);
  return (
    <>
      <Time at={props.at} /> <span className="muted">({text.status.uptime(age)})</span>
    </>
  );
}

const percent = (cpu: number): string => `${Math.round(cpu * 100)} %`;

const firstRole = ({ roles: own }: ProcessStatus): number => roles.findIndex((role) => own.includes(role));

function ProcessTable(props: { readonly processes: readonly ProcessStatus[] }) {
  const words = useText().status;
  const sorted = [...props.processes].sort(
    (a, b) => firstRole(a) - firstRole(b) || (a.host < b.host ? -1 : a.host > b.host ? 1 : a.pid - b.pid),
  );
  return (
    <div className="table-wrap">
      <table className="table table-processes">
        <thead>
          <tr>
            <th scope="col">{words.role}</th>
            <th scope="col">{words.host}</th>
            <th scope="col" className="col-version">
              {words.version}
            </th>
            <th scope="col" className="col-rules">
              {words.rules}
            </th>
            <th scope="col" className="col-number" title={words.cpuHint}>
              {words.cpu}
            </th>
            <th scope="col" className="col-number col-memory">
              {words.memory}
            </th>
            <th scope="col">{words.started}</th>
            <th scope="col" className="col-seen">
              {words.seen}
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((process) => (
            <tr key={process.id} className="row">
              <th scope="row">
                <Roles process={process} />
              </th>
              <td className="col-host">
                {process.host} <span className="muted">{process.pid}</span>
              </td>
              <td className="col-version">{process.version}</td>
              <td className="col-rules">{process.rules === null ? '–' : <code>{process.rules}</code>}</td>
              <td className="col-number">{percent(process.cpu)}</td>
              <td className="col-number col-memory">{formatBytes(process.memoryBytes)}</td>
              <td className="col-started">
                <Since at={process.startedAt} />
              </td>
              <td className="col-seen">
                <Time at={process.seenAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Roles(props: { readonly process: ProcessStatus }) {
  const words = useText().status;
  const { roles: own, correlator } = props.process;
  const names = roles.filter((role) => own.includes(role)).map((role) => words.roles[role]);
  return (
    <>
      <span className="status-role-names">{names.join(' · ')}</span>
      {correlator === undefined ? null : (
        <span className={correlator.leads ? 'tag status-leads' : 'tag'}>
          {correlator.leads ? words.leads : words.stands}
          {correlator.term === null ? '' : ` · ${words.term(correlator.term)}`}
        </span>
      )}
      {correlator?.leads === true ? (
        <span className="status-groups muted">{words.groupCount(correlator.groups)}</span>
      ) : null}
    </>
  );
}
