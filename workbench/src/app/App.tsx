/** Which page belongs to this address? Signed out, every address leads to /login and asks the server nothing else. */

import { lazy, Suspense, useEffect, type ComponentType } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { onSignedOut } from "../api/client";
import { queryClient, replaceSession, useSession } from "../api/queries";
import type { Session } from "../api/types";
import { BenchPage } from "../bench/BenchPage";
import { DataPage } from "../projects/DataPage";
import { HomePage } from "../projects/HomePage";
import { OverviewPage } from "../projects/OverviewPage";
import { ReleasesPage } from "../projects/ReleasesPage";
import { ReviewPage } from "../projects/ReviewPage";
import { MinePage } from "../reviewing/MinePage";
import { QuestionsPage } from "../reviewing/QuestionsPage";
import { LoginPage } from "./LoginPage";
import { Failure, Loading } from "./Load";
import { NotFoundPage } from "./NotFoundPage";
import { SessionContext, manages, ofTheLab, reviews, useSignedIn, type SignedIn } from "./session";
import { Shell } from "./Shell";

type Managing = typeof import("./managing");

/** A page of those who run it: in a file of its own, which annotators never load. */
function managing<Props>(pick: (pages: Managing) => ComponentType<Props>) {
  return lazy(async (): Promise<{ default: ComponentType<Props> }> => {
    try {
      return { default: pick(await import("./managing")) };
    } catch {
      return { default: Unloaded };
    }
  });
}

function Unloaded() {
  const error = new Error("This page could not be loaded. The server cannot be reached, or has another version by now.");
  return <Failure error={error} retry={() => window.location.reload()} />;
}

const AdminPage = managing((pages) => pages.AdminPage);
const DependencePage = managing((pages) => pages.DependencePage);
const ExitPage = managing((pages) => pages.ExitPage);
const OrganisationPage = managing((pages) => pages.OrganisationPage);
const OrganisationsPage = managing((pages) => pages.OrganisationsPage);
const ProviderPage = managing((pages) => pages.ProviderPage);
const ProvidersPage = managing((pages) => pages.ProvidersPage);
const SearchPage = managing((pages) => pages.SearchPage);

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
  const lab = ofTheLab(useSignedIn());
  const owner = role === "owner";
  return (
    <Switch>
      <Route path="/p/:slug/work">{({ slug }) => <BenchPage key={slug} slug={slug} />}</Route>
      <Route>
        <Shell>
          <Suspense fallback={<Loading />}>
            <Switch>
              <Route path="/" component={HomePage} />
              <Route path="/p/:slug">{({ slug }) => <OverviewPage slug={slug} />}</Route>
              <Route path="/p/:slug/mine">{({ slug }) => <MinePage key={slug} slug={slug} />}</Route>
              <Route path="/p/:slug/questions">{({ slug }) => <QuestionsPage key={slug} slug={slug} />}</Route>
              {reviews(role) && <Route path="/p/:slug/review">{({ slug }) => <ReviewPage key={slug} slug={slug} />}</Route>}
              {reviews(role) && <Route path="/p/:slug/data">{({ slug }) => <DataPage key={slug} slug={slug} />}</Route>}
              {reviews(role) && <Route path="/p/:slug/releases">{({ slug }) => <ReleasesPage slug={slug} />}</Route>}
              {manages(role) && <Route path="/providers"><ProvidersPage /></Route>}
              {manages(role) && <Route path="/providers/:slug/:part?">{({ slug, part }) => <ProviderPage key={slug} slug={slug} part={part} />}</Route>}
              {lab && <Route path="/exposure"><SearchPage /></Route>}
              {lab && <Route path="/dependence"><DependencePage /></Route>}
              {owner && <Route path="/exits/:id">{({ id }) => <ExitPage key={id} id={id} />}</Route>}
              {owner && <Route path="/organisations"><OrganisationsPage /></Route>}
              {owner && <Route path="/organisations/:id">{({ id }) => <OrganisationPage key={id} id={id} />}</Route>}
              {owner && <Route path="/admin"><AdminPage /></Route>}
              <Route component={NotFoundPage} />
            </Switch>
          </Suspense>
        </Shell>
      </Route>
    </Switch>
  );
}
