/** The query language on half a page, beside the box where it is needed. */
import { useText } from '../session.tsx';

export function SyntaxHelp(props: { readonly open: boolean; readonly onTry: (query: string) => void }) {
  const text = useText();
  return (
    <details className="syntax" open={props.open}>
      <summary>{text.search.syntax}</summary>
      <dl>
        {text.search.syntaxRows.map(([query, meaning]) => (
          <div key={query}>
            <dt>
              {query.includes(',') ? (
                <code>{query}</code>
              ) : (
                <button type="button" className="quiet" onClick={() => props.onTry(query)}>
                  <code>{query}</code>
                </button>
              )}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
