/** What is on file about this provider? Four parts, each at an address of its own: the file, what it has seen, what hangs on it, leaving it. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import { useProvider } from "../api/queries";
import type { Provider } from "../api/types";
import { Load } from "../app/Load";
import { NotFoundPage } from "../app/NotFoundPage";
import { PageHead, Status } from "../app/Page";
import { ofTheLab, useSignedIn, type SignedIn } from "../app/session";
import { Tabs } from "../app/Tabs";
import { ExitPart } from "../exits/ExitPart";
import { DependencePart } from "./DependencePart";
import { ExposurePart } from "./ExposurePart";
import { FilePart } from "./FilePart";

interface Part {
  path: string;
  title: string;
  view: (props: { provider: Provider }) => ReactNode;
  /** Who may read it. */
  seenBy?: (who: SignedIn) => boolean;
}

const PARTS: Part[] = [
  { path: "", title: "File", view: FilePart },
  { path: "/exposure", title: "Exposure", view: ExposurePart },
  { path: "/dependence", title: "Dependence", view: DependencePart, seenBy: ofTheLab },
  { path: "/exit", title: "Exit", view: ExitPart, seenBy: ({ role }) => role === "owner" },
];

export function ProviderPage({ slug, part }: { slug: string; part?: string }) {
  const provider = useProvider(slug);
  return <Load query={provider}>{(data) => <ProviderView provider={data} part={part} />}</Load>;
}

function ProviderView({ provider, part }: { provider: Provider; part?: string }) {
  const who = useSignedIn();
  const parts = PARTS.filter(({ seenBy }) => seenBy === undefined || seenBy(who));
  const shown = parts.find(({ path }) => path === (part === undefined ? "" : `/${part}`));
  if (shown === undefined) return <NotFoundPage />;
  const View = shown.view;
  return (
    <>
      <PageHead title={provider.name} above={<Link href="/providers">Providers</Link>} tag={<Status value={provider.status} />} />
      <Tabs label="Parts of the file" at={`/providers/${provider.slug}`} tabs={parts} />
      <View provider={provider} />
    </>
  );
}
