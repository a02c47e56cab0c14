/** What waits, in which queue and whose, and on which engines the center works. */
import { Link } from '../location.tsx';
import { formatBytes } from '../parts/bytes.ts';
import { formatDuration } from '../parts/duration.ts';
import { Time } from '../parts/time.tsx';
import { useSigned, useText } from '../session.tsx';
import type { CenterStatus, WaitingStatus } from '../types.ts';
import { Meter } from './meter.tsx';

/** Senders are turned away at these shares of the queue's memory, and of the backlog that is allowed. */
const fullMemory = 0.8;
const filling = 0.6;
/** Shorter waits come and go with every look, and say nothing. */
const promptMs = 10_000;

export function StatusQueues(props: { readonly status: CenterStatus }) {
  const words = useText().status;
  const { queues, waiting, engines } = props.status;
  return (
    <section>
      <div className="section-head">
        <h2>{words.queues}</h2>
        <span className="muted">
          {words.queue}: {words.engines[engines.queue]} · {words.store}: {words.engines[engines.store]}
        </span>
      </div>
      {queues === null ? (
        <p className="muted">{words.unknownHint}</p>
      ) : (
        <>
          <QueueTable queues={queues} />
          <Fill queues={queues} />
        </>
      )}
      {queues === null ? null : <Waiting waiting={waiting.filter(({ mostMs }) => mostMs >= promptMs)} />}
    </section>
  );
}

type Queues = NonNullable<CenterStatus['queues']>;

function QueueTable(props: { readonly queues: Queues }) {
  const text = useText();
  const words = text.status;
  return (
    <div className="table-wrap">
      <table className="table table-queues">
        <thead>
          <tr>
            <th scope="col">{words.queue}</th>
            <th scope="col" className="col-number">
              {words.recordCount}
            </th>
            <th scope="col" className="col-number col-batches">
              {words.batches}
            </th>
            <th scope="col" className="col-number col-size">
              {words.size}
            </th>
            <th scope="col" className="col-number">
              {words.age}
            </th>
            <th scope="col" className="col-number">
              {words.dead}
            </th>
          </tr>
        </thead>
        <tbody>
          {(['records', 'matches'] as const).map((name) => {
            const { jobs, records, bytes, dead, oldestMs } = props.queues[name];
            return (
              <tr key={name} className="row">
                <th scope="row">{words.queueNames[name]}</th>
                <td className="col-number">{records.toLocaleString()}</td>
                <td className="col-number col-batches">{jobs.toLocaleString()}</td>
                <td className="col-number col-size">{formatBytes(bytes)}</td>
                <td className="col-number">{jobs === 0 ? '–' : formatDuration(oldestMs, text.duration)}</td>
                <td className={dead > 0 ? 'col-number number-warning' : 'col-number'}>{dead.toLocaleString()}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Of the two limits the one that is nearer. */
function Fill(props: { readonly queues: Queues }) {
  const words = useText().status;
  const { memoryShare, backlogShare } = props.queues;
  const byMemory = memoryShare / fullMemory > backlogShare;
  const share = byMemory ? memoryShare : backlogShare;
  const limit = byMemory ? fullMemory : 1;
  return (
    <p className="status-fill">
      <span>
        {words.fill} {Math.round(share * 100)} % <span className="muted">({words.fillHint(limit * 100)})</span>
      </span>
      <Meter share={share} warning={share > filling} />
    </p>
  );
}

function Waiting(props: { readonly waiting: readonly WaitingStatus[] }) {
  const text = useText();
  return (
    <>
      <h3 className="status-sub">{text.status.byMember}</h3>
      {props.waiting.length === 0 ? (
        <p className="muted">{text.status.prompt(formatDuration(promptMs, text.duration))}</p>
      ) : (
        <WaitingTable waiting={props.waiting} />
      )}
    </>
  );
}

function WaitingTable(props: { readonly waiting: readonly WaitingStatus[] }) {
  const text = useText();
  const words = text.status;
  const { memberName } = useSigned();
  return (
    <div className="table-wrap">
      <table className="table table-waiting">
        <thead>
          <tr>
            <th scope="col">{words.member}</th>
            <th scope="col" className="col-number">
              {words.recordCount}
            </th>
            <th scope="col" className="col-number">
              {words.age}
            </th>
            <th scope="col" className="col-number col-since">
              {words.since}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.waiting.map((one) => (
            <tr key={one.memberId} className="row">
              <th scope="row">
                <Link className="row-title" href={`/members/${encodeURIComponent(one.memberId)}`}>
                  {memberName(one.memberId)}
                </Link>{' '}
                <span className="muted">{one.memberId}</span>
              </th>
              <td className="col-number">{one.records.toLocaleString()}</td>
              <td className="col-number">{formatWait(one, text)}</td>
              <td className="col-number col-since">
                <Time at={one.oldestHour} form="minute" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Queues tell members apart by the hour of receipt, so that most waits are known by their bounds. */
function formatWait({ leastMs, mostMs }: WaitingStatus, text: ReturnType<typeof useText>): string {
  const most = formatDuration(mostMs, text.duration);
  const least = formatDuration(leastMs, text.duration);
  if (least === most) return most;
  return leastMs === 0 ? text.status.upTo(most) : text.status.between(least, most);
}
