/** Which page an address leads to, and what must be true before it is shown. */
import type { ReactNode } from 'react';
import { AlertsPage } from './alerts/page.tsx';
import { CampaignPage } from './incidents/campaign.tsx';
import { IncidentPage } from './incidents/incident.tsx';
import { IncidentsPage } from './incidents/list.tsx';
import { Link, useAddress } from './location.tsx';
import { MembersPage } from './members/list.tsx';
import { MemberPage } from './members/member.tsx';
import { CrashGuard } from './parts/crash-guard.tsx';
import { Empty, Failed, Loading } from './parts/notice.tsx';
import { ToastProvider } from './parts/toast.tsx';
import { RulesPage } from './rules/page.tsx';
import { SearchPage } from './search/page.tsx';
import { PreferencesProvider, SignedProvider, useSession, useText } from './session.tsx';
import { Shell } from './shell/shell.tsx';
import { SetupPage } from './sign-in/setup.tsx';
import { SignInPage } from './sign-in/sign-in.tsx';
import { StatusPage } from './status/page.tsx';

/** Pattern with at most one named part at its end -> page. The first that fits. */
const pages: readonly { readonly pattern: RegExp; readonly page: (id: string) => ReactNode }[] = [
  { pattern: /^\/(?:alerts)?$/, page: () => <AlertsPage /> },
  { pattern: /^\/incidents$/, page: () => <IncidentsPage /> },
  { pattern: /^\/incidents\/([^/]+)$/, page: (id) => <IncidentPage key={id} id={id} /> },
  { pattern: /^\/campaigns\/([^/]+)$/, page: (id) => <CampaignPage key={id} id={id} /> },
  { pattern: /^\/search$/, page: () => <SearchPage /> },
  { pattern: /^\/members$/, page: () => <MembersPage /> },
  { pattern: /^\/members\/([^/]+)$/, page: (id) => <MemberPage key={id} id={id} /> },
  { pattern: /^\/rules$/, page: () => <RulesPage /> },
  { pattern: /^\/status$/, page: () => <StatusPage /> },
];

function Page(props: { readonly path: string }) {
  const text = useText();
  for (const { pattern, page } of pages) {
    const found = pattern.exec(props.path);
    if (found !== null) return page(safeDecode(found[1] ?? ''));
  }
  return (
    <Empty title={text.errors.notFound} hint={text.errors.notFoundHint}>
      <Link href="/alerts">{text.nav.alerts}</Link>
    </Empty>
  );
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function App() {
  const { state, preferences, begin, signOut } = useSession();
  const { path } = useAddress();
  let content: ReactNode;
  if (path === '/setup') content = <SetupPage onDone={begin} />;
  else if (state.kind === 'asking') content = <Loading />;
  else if (state.kind === 'unreachable') content = <Failed error={state.error} again={state.again} />;
  else if (state.kind === 'signed-out') content = <SignInPage ended={state.ended} onDone={begin} />;
  else {
    content = (
      <SignedProvider session={state.session} signOut={signOut}>
        <ToastProvider>
          <Shell>
            <CrashGuard key={path}>
              <Page path={path} />
            </CrashGuard>
          </Shell>
        </ToastProvider>
      </SignedProvider>
    );
  }
  return <PreferencesProvider value={preferences}>{content}</PreferencesProvider>;
}
