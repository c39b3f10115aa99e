/** Which organisation? Known names and aliases are offered; a name that nobody knows is said to be new, with the one it is near to. */

import { useId } from "react";
import { folded, named, nearest } from "./names";
import { useOrganisations } from "./queries";

interface OrganisationInputProps {
  id: string;
  value: string;
  change: (name: string) => void;
  readOnly?: boolean;
}

export function OrganisationInput({ id, value, change, readOnly = false }: OrganisationInputProps) {
  const organisations = useOrganisations();
  const list = useId();
  const hint = useId();
  const known = organisations.data ?? [];
  const meant = named(value, known);
  const near = meant === undefined ? nearest(value, known) : undefined;
  const unknown = organisations.data !== undefined && value.trim() !== "" && meant === undefined;
  return (
    <>
      <input
        id={id} type="text" autoComplete="off" spellCheck={false} list={list} aria-describedby={hint} readOnly={readOnly}
        value={value} onChange={(event) => change(event.target.value)}
      />
      <datalist id={list}>
        {known.flatMap((one) => [one.name, ...one.aliases]).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p id={hint} className="meta" role="status">
        {meant !== undefined && folded(meant.name) !== folded(value) && `Another name of ${meant.name}.`}
        {unknown && "Not known yet: it will be made. "}
        {unknown && near !== undefined && (
          <>
            Is it{" "}
            <button type="button" className="link" onClick={() => change(near)}>
              {near}
            </button>
            ?
          </>
        )}
      </p>
    </>
  );
}
