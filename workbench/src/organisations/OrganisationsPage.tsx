/** Which organisations are known, and into which providers do they reach? One line each, to be found by any of their names. */

import { useState } from "react";
import { Link } from "wouter";
import { useProviders } from "../api/queries";
import { percent } from "../app/format";
import { Load } from "../app/Load";
import { PageHead, Status } from "../app/Page";
import { Table } from "../app/Table";
import { ImportDialog } from "./ImportDialog";
import { folded } from "./names";
import { OrganisationDialog } from "./OrganisationDialog";
import { useOrganisations } from "./queries";
import type { Organisation } from "./types";

const SHOWN = 200;

export function OrganisationsPage() {
  const organisations = useOrganisations();
  const [dialog, setDialog] = useState<"add" | "import" | null>(null);
  const close = () => setDialog(null);
  return (
    <>
      <PageHead title="Organisations">
        <button type="button" onClick={() => setDialog("import")}>
          Import a list
        </button>
        <button type="button" onClick={() => setDialog("add")}>
          Add organisation
        </button>
      </PageHead>
      <p className="measure">
        Legal entities with their names, and who holds whom. A provider in which an organisation in conflict has an interest, directly or
        through others, is shown nothing.
      </p>
      <Load query={organisations}>{(items) => <Listed organisations={items} />}</Load>
      {dialog === "add" && <OrganisationDialog close={close} />}
      {dialog === "import" && <ImportDialog close={close} />}
    </>
  );
}

function Listed({ organisations }: { organisations: Organisation[] }) {
  const [sought, setSought] = useState("");
  const providers = useProviders();
  const names = new Map(providers.data?.items.map(({ slug, name }) => [slug, name]));
  if (organisations.length === 0) {
    return <p className="spaced">None is recorded yet. Those named in interests and conflicts appear here by themselves; a list can be imported.</p>;
  }
  const found = organisations.filter((one) => [one.name, ...one.aliases].some((name) => folded(name).includes(folded(sought))));
  return (
    <>
      <p className="row spaced">
        <label htmlFor="organisations-sought">Find</label>
        <input id="organisations-sought" type="text" className="medium" autoComplete="off" value={sought} onChange={(event) => setSought(event.target.value)} />
        <span className="meta" role="status">
          {found.length} of {organisations.length}
          {found.length > SHOWN && `, the first ${SHOWN} are shown`}
        </span>
      </p>
      <Table
        caption="Organisations"
        rows={found.slice(0, SHOWN)}
        keyOf={(one) => one.id}
        columns={[
          {
            title: "Organisation",
            as: "head",
            cell: (one) => (
              <>
                <Link href={`/organisations/${one.id}`}>{one.name}</Link> {one.conflict && <Status value="in conflict" />}
                {one.same_as != null && <span className="meta block">the same as {organisations.find(({ id }) => id === one.same_as)?.name ?? "another"}</span>}
              </>
            ),
          },
          { title: "Other names", cell: (one) => one.aliases.join(", ") },
          { title: "Held by", cell: (one) => (one.interests ?? []).map((held) => `${held.organisation} ${percent(held.share)}`).join(", ") },
          {
            title: "Reaches",
            cell: (one) => (one.reaches ?? []).map((reached) => `${names.get(reached.provider) ?? reached.provider} ${percent(reached.share)}`).join(", "),
          },
        ]}
      />
    </>
  );
}
