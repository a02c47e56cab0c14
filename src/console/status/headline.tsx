/** The state of the center in one line, and under it each problem with what to do. */
import { Link } from '../location.tsx';
import { useTitle } from '../parts/title.ts';
import { visible } from '../parts/visible.ts';
import { usePreferences, useSigned } from '../session.tsx';
import type { StatusProblem } from '../types.ts';

type Mark = 'good' | StatusProblem['severity'];

const shapes: Readonly<Record<Mark, string>> = {
  good: 'M-5 0-1.500 3.500 5-4',
  warning: 'M0-4.500V1.500M0 4.600v.1',
  bad: 'M-4-4l8 8M4-4l-8 8',
};
const frames: Readonly<Record<Mark, string>> = {
  good: 'M-10 0a10 10 0 1 0 20 0a10 10 0 1 0-20 0',
  warning: 'M0-10.500 11 8.500H-11z',
  bad: 'M-4.500-10.500h9l6 6v9l-6 6h-9l-6-6v-9z',
};

function StatusMark(props: { readonly mark: Mark }) {
  return (
    <svg className="status-mark" viewBox="-12 -12 24 24" aria-hidden="true" focusable="false">
      <path className="status-mark-frame" d={frames[props.mark]} />
      <path d={shapes[props.mark]} />
    </svg>
  );
}

export function StatusHeadline(props: { readonly problems: readonly StatusProblem[] }) {
  const { text } = usePreferences();
  const { problems } = props;
  const bad = problems.filter(({ severity }) => severity === 'bad').length;
  const mark: Mark = bad > 0 ? 'bad' : problems.length > 0 ? 'warning' : 'good';
  const words =
    mark === 'good'
      ? text.status.good
      : mark === 'bad'
        ? text.status.bad(problems.length)
        : text.status.warning(problems.length);
  return (
    <section className={`status-headline status-is-${mark}`}>
      <StatusMark mark={mark} />
      {/* Alone in the live region: it changes when the state does, not with every minute of waiting. */}
      <h2 role="status">{words}</h2>
      {mark === 'good' ? <p>{text.status.goodHint}</p> : null}
      {problems.length === 0 ? null : (
        <ol className="status-problems">
          {problems.map((problem) => (
            <Problem key={problem.code} problem={problem} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Problem(props: { readonly problem: StatusProblem }) {
  const { language, text } = usePreferences();
  const { memberName } = useSigned();
  const title = useTitle();
  const { problem } = props;
  const { severity, detail, memberIds = [] } = problem;
  return (
    <li className={`status-problem status-is-${severity}`}>
      <StatusMark mark={severity} />
      <div>
        <h3>
          <span className="status-severity">{text.status.severity[severity]}</span> {title(problem)}
        </h3>
        <p>{language === 'ja' ? problem.adviceJa : problem.advice}</p>
        {/* In English the advice is made of it. */}
        {detail === undefined || language === 'en' ? null : (
          <p className="muted">
            {text.status.said}: <span lang="en">{visible(detail, 600)}</span>
          </p>
        )}
        {memberIds.length === 0 ? null : (
          <p className="status-concerns">
            <span className="muted">{text.status.concerns}:</span>{' '}
            {memberIds.map((id) => (
              <Link key={id} className="member-chip" href={`/members/${encodeURIComponent(id)}`}>
                {memberName(id)}
              </Link>
            ))}
          </p>
        )}
      </div>
    </li>
  );
}
