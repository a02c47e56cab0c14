/** Keeps a page that throws while it is shown from taking the navigation with it. (A class because React asks for one.) */
import { Component, type ReactNode } from 'react';
import { useText } from '../session.tsx';

export class CrashGuard extends Component<{ readonly children: ReactNode }, { readonly error: string | undefined }> {
  override state = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error: String(error) };
  }

  override render(): ReactNode {
    return this.state.error === undefined ? this.props.children : <Crashed error={this.state.error} />;
  }
}

function Crashed(props: { readonly error: string }) {
  const text = useText();
  return (
    <div className="notice notice-failed" role="alert">
      <p className="notice-title">{text.errors.crashed}</p>
      <p>{text.errors.crashedHint}</p>
      <pre className="raw">{props.error}</pre>
      <button type="button" onClick={() => location.reload()}>
        {text.errors.reload}
      </button>
    </div>
  );
}
