/** What hangs on whom, over all and in each project, and what would be without each? */

import { Link } from "wouter";
import { count, day, percent, when } from "../app/format";
import { Load } from "../app/Load";
import { Figure, PageHead, Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { useSignedIn } from "../app/session";
import { Pairs, PairsKey } from "../charts/Pairs";
import { figuresOf, Range, Span } from "../charts/Range";
import { Alerts } from "./Alerts";
import { ConcentrationFigures } from "./Concentration";
import { Multiples } from "./Multiples";
import { useOverview } from "./queries";
import type { Group, Overview } from "./types";
import { withoutColumns } from "./Without";

const NAMES: [string, string] = ["answers", "weight in the consensus"];

export function DependencePage() {
  const overview = useOverview();
  return (
    <>
      <PageHead title="Dependence" />
      <Load query={overview}>{(data) => (data.overall.judgments === 0 ? <NothingYet /> : <OverviewView overview={data} />)}</Load>
    </>
  );
}

function NothingYet() {
  return (
    <div className="measure">
      <p>Nobody has answered yet, so nothing hangs on anybody.</p>
      <p className="meta spaced">
        With the first answers this page shows who gives how much of the work and of the consensus, which organisations stand behind it, how
        concentrated it is, and what would change, what it would cost and how long it would take without each of them. An alert appears here
        when one has too much.
      </p>
    </div>
  );
}

function OverviewView({ overview }: { overview: Overview }) {
  const { overall, projects, alerts } = overview;
  return (
    <>
      <Alerts alerts={alerts} />
      <dl className="figures">
        <Figure name="Judgments" value={count(overall.judgments)} />
        <ConcentrationFigures hhi={overall.hhi} />
        {overview.alert_share != null && (
          <Figure
            name="Alert from" value={`a share of ${percent(overview.alert_share, 0)}`}
            note={overview.alert_hhi == null ? undefined : `or an HHI of ${count(overview.alert_hhi)}`}
          />
        )}
        <Figure name="As of" value={when(overview.at)} />
      </dl>
      <Providers group={overall} />
      {overall.organisations.length > 0 && <Organisations group={overall} />}
      <Multiples projects={projects} />
    </>
  );
}

function Providers({ group }: { group: Group }) {
  const { currency = "" } = useSignedIn();
  return (
    <Section title="Without each provider" aside={<PairsKey names={NAMES} />}>
      <Table
        caption="Providers: their share, and what would be without each"
        rows={group.providers}
        keyOf={(row) => row.provider}
        columns={[
          {
            title: "Provider",
            as: "head",
            cell: (row) => (
              <>
                <Link href={`/providers/${row.provider}/dependence`}>{row.name}</Link> {row.status !== "active" && <Status value={row.status} />}
              </>
            ),
          },
          { title: "Share", cell: (row) => <Pairs share={row.share} other={row.weight_share} label={row.name} names={NAMES} /> },
          ...withoutColumns<(typeof group.providers)[number]>((row) => row.without),
          {
            title: "To replace it",
            cell: (row) => (row.replace == null ? "" : <Range figures={figuresOf(row.replace.cost)} unit={currency} because={row.replace.because} />),
          },
          {
            title: "Would take",
            cell: ({ replace }) =>
              replace?.days != null && (
                <>
                  <Span days={figuresOf(replace.days)} />
                  {replace.date !== null && <span className="meta block">until {day(replace.date)}</span>}
                </>
              ),
          },
        ]}
      />
    </Section>
  );
}

function Organisations({ group }: { group: Group }) {
  const names = new Map(group.providers.map(({ provider, name }) => [provider, name]));
  return (
    <Section title="Without each organisation behind them" aside={<PairsKey names={["all it has an interest in", "by its stakes"]} />}>
      <Table
        caption="Organisations: their share, and what would be without all that they have an interest in"
        rows={group.organisations}
        keyOf={(row) => row.organisation}
        columns={[
          { title: "Organisation", as: "head", cell: (row) => row.organisation },
          { title: "Share", cell: (row) => <Pairs share={row.share} other={row.attributed} label={row.organisation} names={["answers", "answers, by its stakes"]} /> },
          { title: "Through", cell: (row) => row.providers.map((slug) => names.get(slug) ?? slug).join(", ") },
          { title: "Weight", as: "number", cell: (row) => percent(row.weight_share) },
          ...withoutColumns<(typeof group.organisations)[number]>((row) => row.without),
        ]}
      />
    </Section>
  );
}
