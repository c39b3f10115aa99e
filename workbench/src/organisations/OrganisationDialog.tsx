/** Who is this organisation? Its name, the other names it goes by, its identifiers, and whether it is the same as another. */

import { useState } from "react";
import { patch, post } from "../api/client";
import { Dialog } from "../app/Dialog";
import { named } from "./names";
import { OrganisationInput } from "./OrganisationInput";
import { PreviewedForm, Wrong } from "./PreviewedForm";
import { useOrganisations } from "./queries";
import type { Organisation, Preview } from "./types";
import { asPreview, usePreviewed } from "./usePreviewed";

type Fields = { name: string; aliases: string[]; lei: string | null; country: string | null; same_as?: string | null };

const orNull = (text: string): string | null => (text.trim() === "" ? null : text.trim());

export function OrganisationDialog({ organisation, close }: { organisation?: Organisation; close: () => void }) {
  const organisations = useOrganisations();
  const known = organisations.data ?? [];
  const sameBefore = known.find((one) => one.id === organisation?.same_as)?.name ?? "";
  const [name, setName] = useState(organisation?.name ?? "");
  const [aliases, setAliases] = useState(organisation?.aliases.join("\n") ?? "");
  const [lei, setLei] = useState(organisation?.lei ?? "");
  const [country, setCountry] = useState(organisation?.country ?? "");
  const [sameAs, setSameAs] = useState(sameBefore);
  const flow = usePreviewed((fields: Fields, preview: boolean) =>
    organisation === undefined
      ? post<Preview>(asPreview("/api/organisations", preview), fields)
      : (patch(asPreview(`/api/organisations/${organisation.id}`, preview), fields) as Promise<Preview>),
  );

  const read = (): Fields | Wrong => {
    if (name.trim() === "") return new Wrong("Give the organisation a name.");
    const lines = aliases.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const fields: Fields = { name: name.trim(), aliases: lines, lei: orNull(lei), country: orNull(country)?.toUpperCase() ?? null };
    if (organisation === undefined || sameAs.trim() === sameBefore) return fields;
    if (sameAs.trim() === "") return { ...fields, same_as: null };
    const other = named(sameAs, known.filter((one) => one.id !== organisation.id));
    return other === undefined ? new Wrong(`There is no other organisation named ${sameAs.trim()}.`) : { ...fields, same_as: other.id };
  };
  const title = organisation === undefined ? "Add organisation" : `Change ${organisation.name}`;
  return (
    <Dialog title={flow.done === undefined ? title : "Recorded"} close={close}>
      <PreviewedForm flow={flow} read={read} confirm={organisation === undefined ? "Add the organisation" : "Change the organisation"}>
        <label htmlFor="organisation-name">Name</label>
        <input id="organisation-name" type="text" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        <label htmlFor="organisation-aliases">Other names, one a line</label>
        <textarea id="organisation-aliases" rows={3} value={aliases} onChange={(event) => setAliases(event.target.value)} />
        <label htmlFor="organisation-lei">
          LEI <span className="meta">Legal Entity Identifier, 20 characters</span>
        </label>
        <input id="organisation-lei" type="text" autoComplete="off" spellCheck={false} value={lei} onChange={(event) => setLei(event.target.value)} />
        <label htmlFor="organisation-country">
          Country <span className="meta">two letters</span>
        </label>
        <input
          id="organisation-country" type="text" className="short" autoComplete="off" maxLength={2} value={country}
          onChange={(event) => setCountry(event.target.value)}
        />
        {organisation !== undefined && (
          <>
            <label htmlFor="organisation-same">
              Is the same as <span className="meta">another that was recorded under its own name</span>
            </label>
            <OrganisationInput id="organisation-same" value={sameAs} change={setSameAs} />
          </>
        )}
      </PreviewedForm>
    </Dialog>
  );
}
