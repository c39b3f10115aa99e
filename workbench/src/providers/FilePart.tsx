/** Who is this provider, what was agreed, who stands behind it, where is it stopped, and how good is it? */

import { useState } from "react";
import { Link } from "wouter";
import { useProjectNames } from "../api/queries";
import type { Provider } from "../api/types";
import { count, day, money, percent, plural } from "../app/format";
import { Figure } from "../app/Page";
import { ofTheLab, useSignedIn } from "../app/session";
import { partNow } from "../exits/phases";
import { usePhaseOut } from "../exits/queries";
import { ContractSection } from "./ContractSection";
import { InterestsSection } from "./InterestsSection";
import { ScorecardSection } from "./ScorecardSection";
import { StatusDialog } from "./StatusDialog";

export function FilePart({ provider }: { provider: Provider }) {
  const who = useSignedIn();
  const owner = who.role === "owner";
  const [changing, setChanging] = useState(false);
  return (
    <>
      <dl className="figures">
        <Figure
          name="Status"
          value={
            <>
              {provider.status}{" "}
              {owner && provider.status !== "exited" && (
                <button type="button" className="link" onClick={() => setChanging(true)}>
                  Change status
                </button>
              )}
            </>
          }
        />
        <Figure name="Kind" value={provider.kind} />
        <Figure name="Clearance" value={provider.clearance} />
        <Figure name="Price" value={money(provider.price, provider.currency)} note="a judgment" />
        <Figure name="Spent" value={money(provider.spent, provider.currency)} />
        <Figure name="Judgments" value={count(provider.judgments)} />
      </dl>
      {ofTheLab(who) && provider.status !== "exited" && provider.slug !== "in-house" && <PhaseOutNotice slug={provider.slug} schedule={owner} />}
      {provider.stopped.length > 0 && <Stopped stopped={provider.stopped} />}
      {ofTheLab(who) && <ContractSection provider={provider} />}
      <InterestsSection provider={provider} />
      <ScorecardSection slug={provider.slug} />
      {changing && <StatusDialog provider={provider} close={() => setChanging(false)} />}
    </>
  );
}

function PhaseOutNotice({ slug, schedule }: { slug: string; schedule: boolean }) {
  const phaseOut = usePhaseOut(slug).data;
  if (phaseOut == null || phaseOut.state !== "running") return null;
  return (
    <p className="notice attention">
      <strong>Being phased out</strong> until {day(phaseOut.ends)}: it now takes at most {percent(partNow(phaseOut), 0)} of its former share.{" "}
      {schedule && <Link href={`/providers/${slug}/exit`}>The schedule</Link>}
    </p>
  );
}

function Stopped({ stopped }: { stopped: Provider["stopped"] }) {
  const projectName = useProjectNames();
  return (
    <div className="notice attention">
      <p>
        <strong>Shown nothing more in {plural(stopped.length, "project")}:</strong>
      </p>
      <ul>
        {stopped.map((stop) => (
          <li key={stop.project}>
            <Link href={`/p/${stop.project}`}>{stop.name ?? projectName(stop.project)}</Link>: {stop.because}
          </li>
        ))}
      </ul>
    </div>
  );
}
