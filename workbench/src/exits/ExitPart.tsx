/** What would leaving this provider mean, how is it to be done, and where does it stand? */

import { useState } from "react";
import { Link } from "wouter";
import { providerPath } from "../api/queries";
import type { Provider } from "../api/types";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { DrillSection } from "./DrillSection";
import { LeaveForm } from "./LeaveForm";
import { LeftPart } from "./LeftPart";
import { OptionsFields } from "./OptionsFields";
import { PhaseOutSection } from "./PhaseOutSection";
import { PlanDocument } from "./PlanDocument";
import { usePhaseOut, usePlan } from "./queries";
import { OnItsWayBack } from "./ReinstatementSection";
import type { ExitOptions, Mix, Plan } from "./types";

export function ExitPart({ provider }: { provider: Provider }) {
  if (provider.status === "exited") return <LeftPart provider={provider} />;
  return <ToLeave provider={provider} />;
}

function ToLeave({ provider }: { provider: Provider }) {
  const plan = usePlan(provider.slug);
  const phaseOut = usePhaseOut(provider.slug).data;
  const running = phaseOut?.state === "running" ? phaseOut : null;
  const ours = provider.slug === "in-house";
  return (
    <>
      {provider.status === "trial" && <OnItsWayBack provider={provider} />}
      {running !== null && <PhaseOutSection provider={provider} phaseOut={running} />}
      <Load query={plan}>{(data) => <Planned provider={provider} plan={data} ours={ours} phasing={running !== null} />}</Load>
    </>
  );
}

interface PlannedProps {
  provider: Provider;
  plan: Plan;
  ours: boolean;
  phasing: boolean;
}

function Planned({ provider, plan, ours, phasing }: PlannedProps) {
  const mixes = plan.replacement?.mixes ?? [];
  const [mix, setMix] = useState<Mix | null>(null);
  const [chosen, setChosen] = useState<Partial<ExitOptions>>({});
  const current = mix ?? mixes[0] ?? null;
  const others = (current?.providers ?? []).map((part) => part.provider).filter((slug) => slug !== provider.slug);
  const options: ExitOptions = { answers: "withdraw", rebuild: true, backups: [], to: others, ...chosen };
  const choose = (other: Mix) => {
    setMix(other);
    setChosen(({ to: _, ...rest }) => rest);
  };
  return (
    <>
      <p className="row wrap spaced">
        <span className="measure">This is a plan; nothing has been changed.</span>
        <a className="button" href={providerPath(provider.slug, "/exit/plan.html")} target="_blank" rel="noreferrer">
          Print view
        </a>
      </p>
      <PlanDocument plan={plan} currency={provider.currency} mix={current} choose={choose} />
      {ours ? (
        <p className="notice spaced">These are the installation’s own people: they cannot be left.</p>
      ) : (
        <>
          <Section title="How it is to be left">
            <OptionsFields slug={provider.slug} options={options} change={(more) => setChosen({ ...chosen, ...more })} />
          </Section>
          <DrillSection provider={provider} options={options} />
          <LeaveForm provider={provider} options={options} phasing={phasing} />
        </>
      )}
      <p className="meta spaced">
        {plan.digest !== undefined && (
          <>
            Digest of this plan <code title={plan.digest}>{plan.digest.slice(0, 16)}…</code>.{" "}
          </>
        )}
        What it is shown and what hangs on it stand under <Link href={`/providers/${provider.slug}/exposure`}>Exposure</Link> and{" "}
        <Link href={`/providers/${provider.slug}/dependence`}>Dependence</Link>.
      </p>
    </>
  );
}
