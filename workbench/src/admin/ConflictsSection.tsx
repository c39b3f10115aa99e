/** With which organisations is nothing shared, in any project? One a line; what a change would stop is shown before it is made. */

import { useState } from "react";
import { patch } from "../api/client";
import { useSettings } from "../api/queries";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { named, nearest } from "../organisations/names";
import { PreviewedForm } from "../organisations/PreviewedForm";
import { useOrganisations } from "../organisations/queries";
import type { Preview } from "../organisations/types";
import { asPreview, usePreviewed } from "../organisations/usePreviewed";

export function ConflictsSection() {
  const settings = useSettings();
  return (
    <Section title="Conflicts">
      <p className="measure">
        A provider in which one of these organisations has an interest, directly or through others, is shown nothing in any project. A
        project can name more in its policy.
      </p>
      <Load query={settings}>{(data) => <ConflictsForm conflicts={data.conflicts} />}</Load>
    </Section>
  );
}

function ConflictsForm({ conflicts }: { conflicts: string[] }) {
  const organisations = useOrganisations();
  const [text, setText] = useState(conflicts.join("\n"));
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const flow = usePreviewed((wanted: string[], preview: boolean) => patch(asPreview("/api/settings", preview), { conflicts: wanted }) as Promise<Preview>);
  const known = organisations.data;
  const unknown = known === undefined ? [] : lines.filter((line) => named(line, known) === undefined);
  const replace = (line: string, near: string) => setText(lines.map((one) => (one === line ? near : one)).join("\n"));
  return (
    <>
      <PreviewedForm flow={flow} read={() => lines} confirm="Save the conflicts" disabled={lines.join("\n") === conflicts.join("\n")} className="narrow">
        <label htmlFor="conflicts">Organisations, one a line</label>
        <textarea id="conflicts" rows={5} value={text} onChange={(event) => setText(event.target.value)} />
        <div role="status" className="meta">
          {unknown.map((line) => {
            const near = nearest(line, known ?? []);
            return (
              <p key={line}>
                {line} is not known yet: it will be made.{" "}
                {near !== undefined && (
                  <>
                    Is it{" "}
                    <button type="button" className="link" onClick={() => replace(line, near)}>
                      {near}
                    </button>
                    ?
                  </>
                )}
              </p>
            );
          })}
        </div>
      </PreviewedForm>
      {flow.done !== undefined && (
        <p>
          <button type="button" onClick={flow.back}>
            Change them again
          </button>
        </p>
      )}
    </>
  );
}
