/** How do many organisations and stakes come in at once? A CSV file: first what it would change and what is wrong with it, then the import. */

import { useState } from "react";
import { request } from "../api/client";
import { Dialog } from "../app/Dialog";
import { count } from "../app/format";
import { Figure } from "../app/Page";
import { PreviewedForm, Wrong } from "./PreviewedForm";
import type { Imported } from "./types";
import { asPreview, usePreviewed } from "./usePreviewed";

const PROBLEMS_SHOWN = 50;

function send(file: Blob, preview: boolean): Promise<Imported> {
  const type = file instanceof File && file.name.endsWith(".json") ? "application/json" : "text/csv";
  return request<Imported>("POST", asPreview("/api/organisations/import", preview), { body: new Blob([file], { type }) });
}

export function ImportDialog({ close }: { close: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const flow = usePreviewed(send);
  return (
    <Dialog title={flow.done === undefined ? "Import organisations" : "The list is imported"} close={close} wide>
      <PreviewedForm
        flow={flow}
        read={() => file ?? new Wrong("Choose a file.")}
        confirm="Import the list"
        more={(answer) => <Rows answer={answer} />}
        refused={(answer) => answer.wrong > 0}
      >
        <p className="measure">
          One stake a line below the header <code>holder,held,share</code>, which may also name <code>since</code>, and <code>alias</code>,{" "}
          <code>lei</code> and <code>country</code> of the holder. What is held is a provider or an organisation; a share is from 0 to 1. All of
          it is recorded or, while a row is wrong, nothing.
        </p>
        <label htmlFor="organisations-file">CSV or JSON file</label>
        <input id="organisations-file" type="file" accept=".csv,.json,text/csv,application/json" onChange={(event) => setFile(event.target.files?.[0] ?? null)} />
      </PreviewedForm>
    </Dialog>
  );
}

function Rows({ answer }: { answer: Imported }) {
  const problems = answer.problems ?? [];
  return (
    <>
      <dl className="figures">
        <Figure name="New" value={count(answer.new)} />
        <Figure name="Changed" value={count(answer.changed)} />
        <Figure name="As they are" value={count(answer.same)} />
        <Figure name="Wrong" value={count(answer.wrong)} />
      </dl>
      {problems.length > 0 && (
        <ul className="plain-list problem">
          {problems.slice(0, PROBLEMS_SHOWN).map((problem, index) => (
            <li key={index}>
              {problem.row === undefined ? problem.pointer : `Row ${problem.row + 1}`}: {problem.message}
            </li>
          ))}
          {problems.length > PROBLEMS_SHOWN && <li>and {count(problems.length - PROBLEMS_SHOWN)} more</li>}
        </ul>
      )}
    </>
  );
}
