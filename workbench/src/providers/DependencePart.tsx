/** What hangs on this provider, what would be without it, and what would it take to have it done elsewhere? */

import { Link } from "wouter";
import type { Provider } from "../api/types";
import { count, day, money, percent } from "../app/format";
import { Load } from "../app/Load";
import { Figure, Section } from "../app/Page";
import { Table, type Column } from "../app/Table";
import { Pairs, PairsKey } from "../charts/Pairs";
import { commonEnd, figuresOf, Range, Span } from "../charts/Range";
import { ConcentrationFigures } from "../dependence/Concentration";
import { useDependence } from "../dependence/queries";
import type { Dependence, ProjectDependence } from "../dependence/types";
import { inWords, withoutColumns } from "../dependence/Without";
import { Stranded } from "../exits/Stranded";

const NAMES: [string, string] = ["answers", "weight in the consensus"];

const project: Column<ProjectDependence> = {
  title: "Project",
  as: "head",
  cell: (row) => <Link href={`/p/${row.project}`}>{row.name}</Link>,
};
const keyOf = (row: ProjectDependence) => row.project;

export function DependencePart({ provider }: { provider: Provider }) {
  const dependence = useDependence(provider.slug);
  return <Load query={dependence}>{(data) => <DependenceView dependence={data} currency={provider.currency} />}</Load>;
}

function DependenceView({ dependence, currency }: { dependence: Dependence; currency: string }) {
  const { projects, organisations, without, replace } = dependence;
  return (
    <>
      <dl className="figures">
        <Figure name="Share of all judgments" value={percent(dependence.share)} note={`${count(dependence.judgments)} judgments`} />
        {dependence.weight_share != null && <Figure name="Share of consensus weight" value={percent(dependence.weight_share)} />}
        <ConcentrationFigures hhi={dependence.hhi} />
        <Figure
          name="Cost to replace"
          value={replace?.cost == null ? money(dependence.replacement_cost, currency) : <Range figures={figuresOf(replace.cost)} unit={currency} />}
        />
        {replace?.days != null && <Figure name="Time to replace" value={<Span days={figuresOf(replace.days)} />} />}
        <Figure name="Organisations behind it" value={organisations.length === 0 ? "none recorded" : organisations.join(", ")} />
      </dl>
      {without != null && (
        <p className="measure">
          <strong>Without it:</strong> {inWords(without)}
        </p>
      )}
      {projects.length === 0 ? <p className="meta">It has answered nothing, so nothing hangs on it.</p> : <Projects projects={projects} currency={currency} />}
    </>
  );
}

function Projects({ projects, currency }: { projects: ProjectDependence[]; currency: string }) {
  const replaced = projects.filter((row) => row.replace != null);
  const costs = commonEnd(replaced.map((row) => figuresOf(row.replace?.cost)));
  const days = commonEnd(replaced.map((row) => figuresOf(row.replace?.days)));
  return (
    <>
      <Section title="What rests on it" aside={<PairsKey names={NAMES} />}>
        <Table
          caption="What rests on it" rows={projects} keyOf={keyOf}
          columns={[
            project,
            { title: "Share", cell: (row) => <Pairs share={row.share} other={row.weight_share} label={row.name} names={NAMES} /> },
            { title: "Judgments", as: "number", cell: (row) => count(row.judgments) },
            { title: "Tasks answered", as: "number", cell: (row) => count(row.tasks_answered) },
            { title: "By it alone", as: "number", cell: (row) => count(row.only_provider_tasks) },
            { title: "Consensus rests on it", as: "number", cell: (row) => count(row.consensus_tasks) },
            { title: "In releases", cell: (row) => (row.releases.length === 0 ? <span className="meta">none</span> : row.releases.join(", ")) },
          ]}
        />
      </Section>
      {projects.some((row) => row.without !== undefined) && (
        <Section title="What changes without it">
          <Table
            caption="What changes without it" rows={projects} keyOf={keyOf}
            columns={[
              project,
              { title: "Tasks with a value", as: "number", cell: (row) => count(row.without?.tasks) },
              ...withoutColumns<ProjectDependence>((row) => row.without),
            ]}
          />
        </Section>
      )}
      {replaced.length > 0 && (
        <Section title="To have it done elsewhere">
          <Table
            caption="To have it done elsewhere" rows={replaced} keyOf={keyOf}
            columns={[
              project,
              { title: "Answers", as: "number", cell: (row) => count(row.replace?.answers) },
              { title: "Stranded", as: "number", cell: (row) => <Stranded count={row.replace?.stranded} /> },
              { title: "Cost", cell: (row) => <Range figures={figuresOf(row.replace?.cost)} unit={currency} end={costs} because={row.replace?.because} /> },
              { title: "Time", cell: (row) => <Span days={figuresOf(row.replace?.days)} end={days} because={row.replace?.because} /> },
              { title: "Done by", as: "nowrap", cell: (row) => day(row.replace?.date) },
            ]}
          />
        </Section>
      )}
    </>
  );
}
