/** How far is the phase-out, what may the provider still do, and shall it go on? */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf, remove } from "../api/client";
import { providerPath, useProjectNames } from "../api/queries";
import type { Provider } from "../api/types";
import { Dialog } from "../app/Dialog";
import { count, day, percent } from "../app/format";
import { Figure, Section } from "../app/Page";
import { Table } from "../app/Table";
import { partNow } from "./phases";
import { Schedule } from "./Schedule";
import { Stranded } from "./Stranded";
import type { Limit, PhaseOut } from "./types";

export function PhaseOutSection({ provider, phaseOut }: { provider: Provider; phaseOut: PhaseOut }) {
  const [ending, setEnding] = useState(false);
  const limits = phaseOut.limits ?? [];
  return (
    <div id="phase-out">
      <Section
        title="Phase-out"
        aside={
          <button type="button" onClick={() => setEnding(true)}>
            End the phase-out
          </button>
        }
      >
        <dl className="figures">
          <Figure name="Takes now at most" value={percent(partNow(phaseOut), 0)} note="of its former share" />
          <Figure name="Left on" value={day(phaseOut.ends)} />
          <Figure name="Ordered by" value={phaseOut.by ?? "–"} />
        </dl>
        <div className="beside-each-other">
          <Schedule phaseOut={phaseOut} />
          {limits.length > 0 && <Limits limits={limits} />}
        </div>
      </Section>
      {ending && <EndDialog provider={provider} close={() => setEnding(false)} />}
    </div>
  );
}

function Limits({ limits }: { limits: Limit[] }) {
  const projectName = useProjectNames();
  return (
    <Table
      caption="In this step"
      captioned
      rows={limits}
      keyOf={(limit) => limit.project}
      columns={[
        { title: "Project", as: "head", cell: (limit) => limit.name ?? projectName(limit.project) },
        { title: "Share before", as: "number", cell: (limit) => percent(limit.first_share) },
        { title: "Now at most", as: "number", cell: (limit) => percent(limit.share) },
        { title: "Took", as: "number", cell: (limit) => `${count(limit.mine)}${limit.allowed === undefined ? "" : ` of ${count(limit.allowed)}`}` },
        { title: "Stranded", as: "number", cell: (limit) => <Stranded count={limit.stranded} /> },
      ]}
    />
  );
}

function EndDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => remove(providerPath(provider.slug, "/phase-out")),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
  return (
    <Dialog title="End the phase-out?" close={close}>
      <p>{provider.name} goes on as before it began, with no limit to its share, and will not be left on that date.</p>
      {end.isError && (
        <p className="problem" role="alert">
          {messageOf(end.error)}
        </p>
      )}
      <footer>
        <button type="button" className="primary" disabled={end.isPending} onClick={() => end.mutate()}>
          End the phase-out
        </button>
      </footer>
    </Dialog>
  );
}
