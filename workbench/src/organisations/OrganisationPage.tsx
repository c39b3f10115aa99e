/** Who holds this organisation, what does it hold, and into which providers does it reach? */

import { useState } from "react";
import { Link } from "wouter";
import { patch } from "../api/client";
import { useProviders } from "../api/queries";
import type { Interest, Json } from "../api/types";
import { percent } from "../app/format";
import { Load } from "../app/Load";
import { Figure, PageHead, Section, Status } from "../app/Page";
import { Table } from "../app/Table";
import { HoldersTree, HoldingsTree } from "./ChainTree";
import { OrganisationDialog } from "./OrganisationDialog";
import { useOrganisation, useOrganisations } from "./queries";
import { StakeDialog } from "./StakeDialog";
import type { Organisation, Preview } from "./types";
import { asPreview } from "./usePreviewed";

export function OrganisationPage({ id }: { id: string }) {
  const organisation = useOrganisation(id);
  return <Load query={organisation}>{(data) => <OrganisationView organisation={data} />}</Load>;
}

function OrganisationView({ organisation }: { organisation: Organisation }) {
  const organisations = useOrganisations();
  const providers = useProviders();
  const [dialog, setDialog] = useState<"change" | { stake?: Interest } | null>(null);
  const close = () => setDialog(null);
  const known = organisations.data ?? [];
  const names = new Map(providers.data?.items.map(({ slug, name }) => [slug, name]));
  const providerName = (slug: string) => names.get(slug) ?? slug;
  const interests = organisation.interests ?? [];
  const reaches = organisation.reaches ?? [];
  const same = known.find((one) => one.id === organisation.same_as);
  const send = (changed: Interest[], preview: boolean) =>
    patch(asPreview(`/api/organisations/${organisation.id}`, preview), { interests: changed as unknown as Json }) as Promise<Preview>;
  return (
    <>
      <PageHead title={organisation.name} above={<Link href="/organisations">Organisations</Link>} tag={organisation.conflict && <Status value="in conflict" />}>
        <button type="button" onClick={() => setDialog("change")} disabled={organisations.isPending}>
          Change
        </button>
      </PageHead>
      {same !== undefined && (
        <p className="notice">
          The same as <Link href={`/organisations/${same.id}`}>{same.name}</Link>: what is said of this one holds of that one.
        </p>
      )}
      <dl className="figures">
        <Figure name="Other names" value={organisation.aliases.length === 0 ? "none" : organisation.aliases.join(", ")} />
        <Figure name="LEI" value={organisation.lei ?? "–"} />
        <Figure name="Country" value={organisation.country ?? "–"} />
      </dl>
      <div className="beside-each-other">
        <Section
          title="Who holds it"
          aside={
            <button type="button" onClick={() => setDialog({})}>
              Record a stake
            </button>
          }
        >
          <HoldersTree interests={interests} organisations={known} alter={(stake) => setDialog({ stake })} />
        </Section>
        <Section title="What it holds">
          <HoldingsTree holds={organisation.holds ?? []} organisations={known} providerName={providerName} />
        </Section>
      </div>
      <Section title="Providers it reaches, through all chains">
        {reaches.length === 0 ? (
          <p className="meta">It has no interest in a provider.</p>
        ) : (
          <Table
            caption="Providers it reaches" narrow rows={reaches} keyOf={(reached) => reached.provider}
            columns={[
              { title: "Provider", as: "head", cell: ({ provider }) => <Link href={`/providers/${provider}`}>{providerName(provider)}</Link> },
              { title: "Share", as: "number", cell: ({ share }) => percent(share, 2) },
            ]}
          />
        )}
      </Section>
      {dialog === "change" && <OrganisationDialog organisation={organisation} close={close} />}
      {dialog !== null && dialog !== "change" && (
        <StakeDialog name={organisation.name} interests={interests} stake={dialog.stake} send={send} close={close} />
      )}
    </>
  );
}
