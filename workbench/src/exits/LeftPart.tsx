/** It was left: how did that go, does it still hold, and what must hold before it may come back? */

import { Link } from "wouter";
import type { Provider } from "../api/types";
import { when } from "../app/format";
import { Load } from "../app/Load";
import { Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { CertificateSection } from "./CertificateSection";
import { over, useExits } from "./queries";
import { ReinstatementSection } from "./ReinstatementSection";
import type { Exit } from "./types";

export function LeftPart({ provider }: { provider: Provider }) {
  const exits = useExits(provider.slug);
  return <Load query={exits}>{({ items }) => <Left provider={provider} exits={items} />}</Load>;
}

function Left({ provider, exits }: { provider: Provider; exits: Exit[] }) {
  const last = exits[0];
  if (last === undefined) {
    return (
      <>
        <p>It was left without an exit on record: nothing was withdrawn and nothing certified.</p>
        <ReinstatementSection provider={provider} />
      </>
    );
  }
  const running = !over(last.state);
  return (
    <>
      <p className={running ? "notice attention" : undefined}>
        {running ? "It is being left" : "It was left"} {when(last.at)}
        {last.by != null && `, ordered by ${last.by}`}. <Link href={`/exits/${last.id}`}>{running ? "Follow the steps" : "The steps and all that was recorded"}</Link>
      </p>
      {last.certificate && <CertificateSection exit={last} />}
      {exits.length > 1 && (
        <Section title="All exits">
          <Table
            caption="All exits" narrow rows={exits} keyOf={(exit) => exit.id}
            columns={[
              { title: "Ordered", as: "head", cell: (exit) => <Link href={`/exits/${exit.id}`}>{when(exit.at)}</Link> },
              { title: "By", cell: (exit) => exit.by ?? "" },
              { title: "State", cell: (exit) => <Status value={exit.state} /> },
              { title: "Done", cell: (exit) => when(exit.done_at) },
            ]}
          />
        </Section>
      )}
      {!running && <ReinstatementSection provider={provider} />}
    </>
  );
}
