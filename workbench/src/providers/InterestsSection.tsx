/** Who stands behind this provider, directly or through others, and who of them is in conflict? */

import { useState } from "react";
import { Link } from "wouter";
import { patch } from "../api/client";
import { providerPath } from "../api/queries";
import type { Interest, Json, Provider } from "../api/types";
import { day, percent } from "../app/format";
import { Section, Status } from "../app/Page";
import { useSignedIn } from "../app/session";
import { Table } from "../app/Table";
import { behind, listed, type Behind } from "../organisations/chains";
import { useOrganisations } from "../organisations/queries";
import { StakeDialog } from "../organisations/StakeDialog";
import type { Preview } from "../organisations/types";
import { asPreview } from "../organisations/usePreviewed";

/** "through Holding A and Holding B"; where there are several ways, how much by each. */
function inWords({ direct, chains }: Behind): string {
  const ways = chains.map(({ through, share }) => ({ share, way: `through ${listed(through)}` }));
  if (direct !== null) ways.unshift({ share: direct.share, way: "directly" });
  return ways.length === 1 ? (ways[0]?.way ?? "") : ways.map(({ share, way }) => `${percent(share)} ${way}`).join("; ");
}

export function InterestsSection({ provider }: { provider: Provider }) {
  const { role } = useSignedIn();
  const owner = role === "owner";
  const organisations = useOrganisations();
  const [dialog, setDialog] = useState<{ stake?: Interest } | null>(null);
  const rows = behind(provider.interests, organisations.data ?? [], provider.slug);
  const send = (interests: Interest[], preview: boolean) =>
    patch(asPreview(providerPath(provider.slug), preview), { interests: interests as unknown as Json }) as Promise<Preview>;
  return (
    <Section
      title="Interests"
      aside={
        owner && (
          <button type="button" onClick={() => setDialog({})}>
            Record a stake
          </button>
        )
      }
    >
      {rows.length === 0 ? (
        <p className="meta">No organisation with an interest in this provider is recorded.</p>
      ) : (
        <Table
          caption="Organisations with an interest" narrow rows={rows} keyOf={(row) => row.organisation}
          columns={[
            {
              title: "Organisation",
              as: "head",
              cell: (row) => (
                <>
                  {owner && row.id !== undefined ? <Link href={`/organisations/${row.id}`}>{row.organisation}</Link> : row.organisation}{" "}
                  {row.conflict && <Status value="in conflict" />}
                </>
              ),
            },
            { title: "Share", as: "number", cell: (row) => percent(row.share) },
            { title: "How", cell: inWords },
            { title: "Since", as: "nowrap", cell: (row) => (row.direct === null ? "" : day(row.direct.since)) },
            owner && {
              title: <span className="visually-hidden">Actions</span>,
              cell: ({ direct, organisation }) =>
                direct !== null && (
                  <button type="button" className="plain" aria-label={`Alter the stake of ${organisation}`} onClick={() => setDialog({ stake: direct })}>
                    Alter
                  </button>
                ),
            },
          ]}
        />
      )}
      {dialog !== null && (
        <StakeDialog name={provider.name} interests={provider.interests} stake={dialog.stake} send={send} close={() => setDialog(null)} />
      )}
    </Section>
  );
}
