/** Which page belongs to this address? Signed out, every address leads to /login and asks the server nothing else. */

import { useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { onSignedOut } from "../api/client";
import { queryClient, replaceSession, useSession } from "../api/queries";
import type { Session } from "../api/types";
import { AdminPage } from "../admin/AdminPage";
import { BenchPage } from "../bench/BenchPage";
import { DataPage } from "../projects/DataPage";
import { HomePage } from "../projects/HomePage";
import { OverviewPage } from "../projects/OverviewPage";
import { ReleasesPage } from "../projects/ReleasesPage";
import { ReviewPage } from "../projects/ReviewPage";
import { ProviderPage } from "../providers/ProviderPage";
import { ProvidersPage } from "../providers/ProvidersPage";
import { LoginPage } from "./LoginPage";
import { Failure, Loading } from "./Load";
import { NotFoundPage } from "./NotFoundPage";
import { SessionContext, manages, reviews, type SignedIn } from "./session";
import { Shell } from "./Shell";

function forgetSession(): void {
  const before = queryClient.getQueryData<Session>(["session"]);
  if (before?.person != null) replaceSession({ person: null, ended: true });
}

export function App() {
  const session = useSession();
  const [address] = useLocation();
  useEffect(() => onSignedOut(forgetSession), []);

  if (address === "/login") return <LoginPage />;
  if (session.isPending) return <Loading />;
  if (session.isError) return <Failure error={session.error} retry={() => void session.refetch()} />;
  const { person, role } = session.data;
  if (person === null || role === undefined) {
    return <Redirect to={address === "/" ? "/login" : `/login?next=${encodeURIComponent(address)}`} replace />;
  }
  return (
    <SessionContext value={{ ...session.data, person, role }}>
      <Pages role={role} />
    </SessionContext>
  );
}

function Pages({ role }: { role: SignedIn["role"] }) {
  return (
    <Switch>
      <Route path="/p/:slug/work">{({ slug }) => <BenchPage key={slug} slug={slug} />}</Route>
      <Route>
        <Shell>
          <Switch>
            <Route path="/" component={HomePage} />
            <Route path="/p/:slug">{({ slug }) => <OverviewPage slug={slug} />}</Route>
            {reviews(role) && <Route path="/p/:slug/review">{({ slug }) => <ReviewPage key={slug} slug={slug} />}</Route>}
            {reviews(role) && <Route path="/p/:slug/data">{({ slug }) => <DataPage key={slug} slug={slug} />}</Route>}
            {reviews(role) && <Route path="/p/:slug/releases">{({ slug }) => <ReleasesPage slug={slug} />}</Route>}
            {manages(role) && <Route path="/providers" component={ProvidersPage} />}
            {manages(role) && <Route path="/providers/:slug">{({ slug }) => <ProviderPage key={slug} slug={slug} />}</Route>}
            {role === "owner" && <Route path="/admin" component={AdminPage} />}
            <Route component={NotFoundPage} />
          </Switch>
        </Shell>
      </Route>
    </Switch>
  );
}
