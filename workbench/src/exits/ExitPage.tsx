/** How far is the leaving? Its steps as they are done, all that was recorded, and at the end the certificate. */

import { Link } from "wouter";
import { useProviders } from "../api/queries";
import { between, moment, when } from "../app/format";
import { Failure, Load } from "../app/Load";
import { Figure, PageHead, Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { useSignedIn } from "../app/session";
import { CertificateSection } from "./CertificateSection";
import { PlanDocument } from "./PlanDocument";
import { over, useExit } from "./queries";
import { StepList } from "./StepList";
import type { Exit, ExitEvent } from "./types";
import { detailWords } from "./words";

export function ExitPage({ id }: { id: string }) {
  const exit = useExit(id);
  return (
    <>
      <Load query={exit}>{(data) => <ExitView exit={data} />}</Load>
      {exit.isError && exit.data !== undefined && <Failure error={exit.error} retry={() => void exit.refetch()} />}
    </>
  );
}

function ExitView({ exit }: { exit: Exit }) {
  const { currency = "" } = useSignedIn();
  const providers = useProviders();
  const names = new Map(providers.data?.items.map(({ slug, name }) => [slug, name]));
  const done = over(exit.state);
  const name = exit.name ?? exit.provider;
  const failed = exit.steps.some((step) => step.state === "failed");
  const count = exit.steps.filter((step) => step.state === "done").length;
  return (
    <>
      <PageHead title={done ? `${name} was left` : `Leaving ${name}`} above={<Link href={`/providers/${exit.provider}/exit`}>{name}</Link>} tag={<Status value={failed && !done ? "failed" : exit.state} />} />
      <dl className="figures">
        {exit.by != null && <Figure name="Ordered by" value={exit.by} />}
        {exit.at != null && <Figure name="Ordered" value={when(exit.at)} />}
        <Figure name="Steps done" value={`${count} of ${exit.steps.length}`} />
        {exit.done_at != null && <Figure name="Took" value={between(exit.at, exit.done_at)} />}
        {exit.options?.answers !== undefined && <Figure name="Its answers" value={exit.options.answers === "keep" ? "kept" : "withdrawn"} />}
        {(exit.options?.to ?? []).length > 0 && <Figure name="Its work goes to" value={(exit.options?.to ?? []).map((slug) => names.get(slug) ?? slug).join(", ")} />}
      </dl>
      <p role="status" className="measure">
        {done
          ? "It has been left. What it was shown stays on record."
          : failed
            ? "A step has failed. What was done stays done; it goes on from there."
            : "This goes on when the page is closed, and after a crash from where it stood."}
      </p>
      <StepList steps={exit.steps} answers={exit.options?.answers} />
      {exit.certificate && <CertificateSection exit={exit} />}
      {exit.plan != null && (
        <Section title="The plan as it stood">
          <details>
            <summary>Counted {when(exit.plan.at)}</summary>
            <PlanDocument plan={exit.plan} currency={currency} mix={null} />
          </details>
        </Section>
      )}
      {(exit.events ?? []).length > 0 && <Events events={exit.events ?? []} />}
    </>
  );
}

function Events({ events }: { events: ExitEvent[] }) {
  return (
    <Section title="All that was recorded">
      <details open={events.length <= 6}>
        <summary>{events.length} entries</summary>
        <Table
          caption="All that was recorded"
          rows={events}
          keyOf={(_, index) => String(index)}
          columns={[
            { title: "When", as: "nowrap", cell: (event) => moment(event.at) },
            { title: "Step", as: "head", cell: (event) => event.step },
            { title: "What", cell: (event) => event.what },
            { title: "Ordered by", cell: (event) => event.by ?? "" },
            { title: "Done by", cell: (event) => <span className="meta">{event.done_by ?? ""}</span> },
            { title: "Figures", cell: (event) => detailWords(event.detail) },
          ]}
        />
      </details>
    </Section>
  );
}
