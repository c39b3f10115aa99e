/** How does this project stand, who answers it, and what does it ask? */

import { useState } from "react";
import { Link } from "wouter";
import { useProject } from "../api/queries";
import type { Project } from "../api/types";
import { count, hourOf, percent } from "../app/format";
import { Load } from "../app/Load";
import { Figure, Meter, PageHead, Section, Status } from "../app/Page";
import { manages, reviews, useSignedIn } from "../app/session";
import { Bars } from "../charts/Bars";
import { FormView } from "../questions/FormView";
import { EndSection } from "./EndSection";
import { AddTasksDialog } from "./AddTasksDialog";
import { FirstSteps } from "./FirstSteps";
import { InstructionDialog } from "./InstructionDialog";
import { PolicyView } from "./PolicyView";

export function OverviewPage({ slug }: { slug: string }) {
  const project = useProject(slug);
  return <Load query={project}>{(data) => <Overview project={data} />}</Load>;
}

function Overview({ project }: { project: Project }) {
  const { role } = useSignedIn();
  const [dialog, setDialog] = useState<"tasks" | "instruction" | null>(null);
  const { slug, progress, throughput = [], providers = [], batches = [] } = project;
  const manager = manages(role);
  const isNew = manager && progress !== undefined && progress.tasks === 0;
  return (
    <>
      <PageHead title={project.name} tag={project.status === "archived" && <Status value="archived" />}>
        {manager && project.status !== "archived" && (
          <button type="button" onClick={() => setDialog("tasks")}>
            Add tasks
          </button>
        )}
        <Link href={`/p/${slug}/work`} className="button primary">
          Work
        </Link>
      </PageHead>
      {isNew && <FirstSteps project={project} addTasks={() => setDialog("tasks")} writeInstruction={() => setDialog("instruction")} />}
      {reviews(role) && progress !== undefined && !isNew && <ProgressFigures project={project} />}
      {reviews(role) && throughput.some((hour) => hour.judgments > 0) && (
        <Section title="Judgments in the last 24 hours">
          <Bars
            title="Judgments in the last 24 hours"
            unit="judgments"
            bars={throughput.map(({ hour, judgments }) => ({ label: hourOf(hour), value: judgments }))}
          />
        </Section>
      )}
      {providers.length > 0 && <ProviderShares providers={providers} linked={manager} />}
      {batches.length > 0 && <Batches batches={batches} />}
      <Section
        title="Guideline"
        aside={
          manager && (
            <button type="button" className="plain" onClick={() => setDialog("instruction")}>
              Edit
            </button>
          )
        }
      >
        {project.instruction ? <p className="kept-text measure">{project.instruction}</p> : <p className="meta">No guideline is written yet.</p>}
      </Section>
      <Section title="Questions">
        <FormView form={project.form} />
      </Section>
      {manager && project.policy !== undefined && (
        <Section title="Policy">
          <PolicyView policy={project.policy} />
        </Section>
      )}
      {manager && <EndSection project={project} />}
      {dialog === "tasks" && <AddTasksDialog project={project} close={() => setDialog(null)} />}
      {dialog === "instruction" && <InstructionDialog project={project} close={() => setDialog(null)} />}
    </>
  );
}

function ProgressFigures({ project }: { project: Project }) {
  const { progress, settling } = project;
  if (progress === undefined) return null;
  return (
    <section aria-label="Progress">
      <Meter part={progress.judgments} whole={progress.wanted} label="Judgments given of those wanted" />
      <dl className="figures">
        <Figure name="Judgments" value={count(progress.judgments)} note={`of ${count(progress.wanted)} wanted`} />
        <Figure name="Settled" value={count(progress.settled)} note={`of ${count(progress.tasks)} tasks`} />
        <Figure name="Open" value={count(progress.open)} note="tasks" />
        <Figure name="Held now" value={count(progress.held)} note="assignments" />
        <Figure name="Gold" value={count(progress.gold)} note="tasks" />
      </dl>
      {settling !== undefined && (
        <p className="measure">
          <strong>{settling.mode === "fitted" ? "Settled by fitted skills." : "Settled by vote."}</strong> {settling.why}
        </p>
      )}
    </section>
  );
}

function ProviderShares({ providers, linked }: { providers: NonNullable<Project["providers"]>; linked: boolean }) {
  return (
    <Section title="Providers">
      <table>
        <caption className="visually-hidden">Providers of this project</caption>
        <thead>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col">Status</th>
            <th scope="col">Share of judgments</th>
            <th scope="col" className="number">Judgments</th>
            <th scope="col" className="number">Held</th>
          </tr>
        </thead>
        <tbody>
          {providers.map((provider) => (
            <tr key={provider.slug}>
              <th scope="row">
                {linked ? <Link href={`/providers/${provider.slug}`}>{provider.name}</Link> : provider.name}
                {provider.stopped != null && (
                  <span className="meta block">
                    <span className="tag attention">stopped here</span> {typeof provider.stopped === "string" ? provider.stopped : provider.stopped.because}
                  </span>
                )}
              </th>
              <td>
                <Status value={provider.status} />
              </td>
              <td>
                <span className="row">
                  <Meter part={provider.share ?? 0} whole={1} label={`${provider.name}: share of judgments`} />
                  <span className="tabular">{percent(provider.share)}</span>
                </span>
              </td>
              <td className="number">{count(provider.judgments)}</td>
              <td className="number">{count(provider.held ?? provider.in_flight)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Batches({ batches }: { batches: NonNullable<Project["batches"]> }) {
  return (
    <Section title="Batches">
      <table className="narrow">
        <caption className="visually-hidden">Batches of this project</caption>
        <thead>
          <tr>
            <th scope="col">Batch</th>
            <th scope="col">Status</th>
            <th scope="col" className="number">Tasks</th>
          </tr>
        </thead>
        <tbody>
          {batches.map((batch) => (
            <tr key={batch.name}>
              <th scope="row">{batch.name}</th>
              <td>
                <Status value={batch.status} />
              </td>
              <td className="number">{count(batch.tasks)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
