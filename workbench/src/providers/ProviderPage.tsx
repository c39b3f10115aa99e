/** What is this provider worth, what has it seen, who stands behind it, and what would leaving cost? */

import { useState } from "react";
import { Link } from "wouter";
import { useProvider } from "../api/queries";
import type { Provider } from "../api/types";
import { count, money, percent, plural, when } from "../app/format";
import { Load } from "../app/Load";
import { Figure, PageHead, Section, Status } from "../app/Page";
import { useSignedIn } from "../app/session";
import { DependenceSection } from "./DependenceSection";
import { ExitDialog } from "./ExitDialog";
import { ExposureSection } from "./ExposureSection";
import { InterestDialog } from "./InterestDialog";
import { ScorecardSection } from "./ScorecardSection";
import { StatusDialog } from "./StatusDialog";

type DialogName = "status" | "interest" | "exit";

export function ProviderPage({ slug }: { slug: string }) {
  const provider = useProvider(slug);
  return <Load query={provider}>{(data) => <ProviderView provider={data} />}</Load>;
}

function ProviderView({ provider }: { provider: Provider }) {
  const { role } = useSignedIn();
  const owner = role === "owner";
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const close = () => setDialog(null);
  return (
    <>
      <PageHead title={provider.name} above={<Link href="/providers">Providers</Link>}>
        {owner && (
          <>
            <button type="button" onClick={() => setDialog("status")}>
              Change status
            </button>
            <button type="button" onClick={() => setDialog("interest")}>
              Record a stake
            </button>
            <button type="button" onClick={() => setDialog("exit")}>
              Leave
            </button>
          </>
        )}
      </PageHead>
      <dl className="figures">
        <Figure name="Status" value={<Status value={provider.status} />} />
        <Figure name="Kind" value={provider.kind} />
        <Figure name="Clearance" value={provider.clearance} />
        <Figure name="Price" value={money(provider.price, provider.currency)} note="a judgment" />
        <Figure name="Spent" value={money(provider.spent, provider.currency)} />
        <Figure name="Judgments" value={count(provider.judgments)} />
      </dl>
      {provider.stopped.length > 0 && <Stopped stopped={provider.stopped} />}
      <ScorecardSection slug={provider.slug} />
      <Section title="Interests">
        {provider.interests.length === 0 ? (
          <p className="meta">No organisation with an interest in this provider is recorded.</p>
        ) : (
          <table className="narrow">
            <caption className="visually-hidden">Organisations with an interest</caption>
            <thead>
              <tr>
                <th scope="col">Organisation</th>
                <th scope="col" className="number">Share</th>
                <th scope="col">Since</th>
              </tr>
            </thead>
            <tbody>
              {provider.interests.map((interest) => (
                <tr key={interest.organisation}>
                  <th scope="row">{interest.organisation}</th>
                  <td className="number">{percent(interest.share, interest.share === 1 ? 0 : 1)}</td>
                  <td>{when(interest.since)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      <DependenceSection slug={provider.slug} />
      <ExposureSection slug={provider.slug} />
      {dialog === "status" && <StatusDialog provider={provider} close={close} />}
      {dialog === "interest" && <InterestDialog provider={provider} close={close} />}
      {dialog === "exit" && <ExitDialog provider={provider} close={close} />}
    </>
  );
}

export function Stopped({ stopped }: { stopped: Provider["stopped"] }) {
  return (
    <div className="notice attention">
      <p>
        <strong>Shown nothing more in {plural(stopped.length, "project")}:</strong>
      </p>
      <ul>
        {stopped.map((stop) => (
          <li key={stop.project}>
            <Link href={`/p/${stop.project}`}>{stop.name ?? stop.project}</Link>: {stop.because}
          </li>
        ))}
      </ul>
    </div>
  );
}
