/** What would leaving mean? What stops, what it has seen, what each project and release loses, who takes over, what is revoked, what was agreed. */

import { Link } from "wouter";
import { useProjectNames } from "../api/queries";
import { count, day, money, percent, plural, when } from "../app/format";
import { Figure, Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { inWords, withoutColumns } from "../dependence/Without";
import { ContractFigures } from "../providers/ContractSection";
import { MixTable } from "./MixTable";
import { Stranded } from "./Stranded";
import type { Mix, Plan, PlanProject, PlanRelease } from "./types";

interface PlanDocumentProps {
  plan: Plan;
  currency: string;
  mix: Mix | null;
  choose?: (mix: Mix) => void;
}

export function PlanDocument({ plan, currency, mix, choose }: PlanDocumentProps) {
  const mixes = plan.replacement?.mixes ?? [];
  return (
    <div className="document">
      <Section title="At once">
        <dl className="figures">
          <Figure name="Held now, goes back" value={count(plan.in_flight)} />
          {plan.queued !== undefined && <Figure name="Waiting, goes elsewhere" value={count(plan.queued)} />}
          {plan.stranded !== undefined && (
            <Figure
              name="Stranded"
              value={<Stranded count={plan.stranded} />}
              note="nobody else may answer"
            />
          )}
          <Figure name="Keys revoked" value={count(plan.keys)} />
          {plan.at !== undefined && <Figure name="Counted" value={when(plan.at)} />}
        </dl>
      </Section>
      <Projects plan={plan} />
      <Section title="Releases that hold its data">
        {plan.releases.length === 0 ? <p className="meta">None.</p> : <Releases releases={plan.releases} />}
      </Section>
      <Section title="Who takes over">
        {mixes.length === 0 ? (
          <p>
            {plan.judgments === 0 ? (
              <span className="meta">It has answered nothing that must be given anew.</span>
            ) : (
              `Its ${plural(plan.judgments, "answer")} given anew would cost ${money(plan.replacement_cost, currency)} at the price of the others.`
            )}
          </p>
        ) : (
          <MixTable mixes={mixes} answers={plan.replacement?.answers ?? plan.judgments} currency={currency} chosen={mix} choose={choose} />
        )}
      </Section>
      <Seen plan={plan} />
      <Section title="Keys, links and callbacks that end">
        <Revoked plan={plan} />
      </Section>
      <Section title="Contract and interests">
        {plan.contract == null ? <p className="meta">No contract is recorded.</p> : <ContractFigures contract={plan.contract} />}
        <p>
          {(plan.interests ?? []).length === 0
            ? "No organisation with an interest in it is recorded."
            : `Held by ${(plan.interests ?? []).map(({ organisation, share }) => `${organisation} (${percent(share)})`).join(", ")}.`}
        </p>
      </Section>
    </div>
  );
}

function Projects({ plan }: { plan: Plan }) {
  const waiting = plan.waiting ?? [];
  const known = plan.projects.some((row) => row.without != null);
  return (
    <Section title="Projects">
      {plan.projects.length === 0 && waiting.length === 0 && <p className="meta">No project is touched.</p>}
      {plan.projects.length > 0 && (
        <Table
          caption="Projects"
          rows={plan.projects}
          keyOf={(row) => row.project}
          columns={[
            { title: "Project", as: "head", cell: (row) => <Link href={`/p/${row.project}`}>{row.name}</Link> },
            { title: "Judgments it gave", as: "number", cell: (row) => count(row.judgments) },
            { title: "Share", as: "number", cell: (row) => percent(row.share) },
            { title: "By it alone", as: "number", cell: (row) => count(row.only_provider_tasks) },
            { title: "Waiting", as: "number", cell: (row) => count(row.queued) },
            { title: "Stranded", as: "number", cell: (row) => <Stranded count={row.stranded} /> },
            ...(known ? withoutColumns<PlanProject>((row) => row.without) : []),
            { title: "Derived data", cell: (row) => (row.derivatives === "drop" ? "dropped" : row.derivatives === "keep" ? "kept" : (row.derivatives ?? "–")) },
          ]}
        />
      )}
      {plan.projects.map((row) => row.without).filter((without) => without != null).length === 1 &&
        plan.projects.map((row) => row.without != null && <p key={row.project} className="measure spaced">{inWords(row.without)}</p>)}
      {waiting.length > 0 && (
        <p className="spaced">
          It has answered nothing in {waiting.map(({ name }) => name).join(", ")}, where{" "}
          {plural(waiting.reduce((sum, { queued }) => sum + queued, 0), "answer")} that it might have given go elsewhere.
        </p>
      )}
    </Section>
  );
}

function Releases({ releases }: { releases: PlanRelease[] }) {
  const projectName = useProjectNames();
  return (
    <Table
      caption="Releases that hold its data"
      rows={releases}
      keyOf={(row) => `${row.project}/${row.version}`}
      columns={[
        {
          title: "Release",
          as: "head",
          cell: (row) => (
            <>
              {projectName(row.project)} {row.version} {row.latest && <span className="tag">latest</span>}
            </>
          ),
        },
        { title: "Built", as: "nowrap", cell: (row) => day(row.at) },
        { title: "Its judgments", as: "number", cell: (row) => count(row.judgments) },
        { title: "Contents it gave", as: "number", cell: (row) => count(row.contents) },
        { title: "Rows", as: "number", cell: (row) => count(row.rows) },
        { title: "Rows lost", as: "number", cell: (row) => count(row.rows_lost) },
        { title: "Folder", cell: (row) => (row.there === false ? <Status value="not there" /> : <code className="path">{row.path ?? ""}</code>) },
      ]}
    />
  );
}

function Seen({ plan }: { plan: Plan }) {
  const { exposure } = plan;
  const levels = Object.entries(exposure?.by_sensitivity ?? {}).map(([level, tasks]) => `${level} ${count(tasks)}`);
  return (
    <Section title="What it has seen">
      <dl className="figures">
        <Figure name="Tasks" value={count(plan.exposed)} />
        {exposure != null && <Figure name="Showings" value={count(exposure.showings)} />}
        {levels.length > 0 && <Figure name="By sensitivity" value={levels.join(", ")} />}
        {exposure?.last != null && <Figure name="Last" value={when(exposure.last)} />}
      </dl>
      <p className="meta">
        Leaving does not undo it: it stays on record. <Link href={`/providers/${plan.provider}/exposure`}>The list</Link>
      </p>
    </Section>
  );
}

function Revoked({ plan }: { plan: Plan }) {
  const { revoke } = plan;
  if (revoke == null) return <p>{plural(plan.keys, "key")}.</p>;
  return (
    <>
      {revoke.keys.length > 0 && (
        <Table
          caption="Keys that end" narrow rows={revoke.keys} keyOf={(key) => key.id}
          columns={[
            { title: "Person", as: "head", cell: (key) => key.name },
            { title: "Role", cell: (key) => key.role },
            { title: "World", cell: (key) => key.world ?? "" },
            { title: "Ends in", cell: (key) => <code>{key.last4}</code> },
          ]}
        />
      )}
      <dl className="figures">
        <Figure name="Keys" value={count(revoke.keys.length)} />
        <Figure name="Sessions signed in" value={count(revoke.sessions)} />
        <Figure name="Sign-in links" value={count(revoke.links)} />
        <Figure
          name="Callbacks"
          value={revoke.callbacks.length === 0 ? "0" : revoke.callbacks.map(({ what, where }) => `${what} ${where}`).join(", ")}
        />
      </dl>
    </>
  );
}
