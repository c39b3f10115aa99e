/** Would it work? An exit rehearsed on a copy, with the options chosen, and what the last rehearsal found. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf, post } from "../api/client";
import { providerPath } from "../api/queries";
import type { Provider } from "../api/types";
import { between, day, plural, when } from "../app/format";
import { Section, Status } from "../app/Page";
import { DrillReportView } from "./DrillReportView";
import { drillPage, over, useDrill, useDrills } from "./queries";
import type { Drill, ExitOptions } from "./types";

/** A drill now, and again by itself every so many days; 0: not again. */
const EVERY: [number, string][] = [
  [0, "once"],
  [7, "now and every week"],
  [30, "now and every month"],
  [91, "now and every quarter"],
  [365, "now and every year"],
];

export function DrillSection({ provider, options }: { provider: Provider; options: ExitOptions }) {
  const client = useQueryClient();
  const drills = useDrills(provider.slug);
  const last = drills.data?.items[0];
  const schedule = last?.schedule ?? null;
  const [chosen, setEvery] = useState<number | null>(null);
  const every = chosen ?? schedule?.every_days ?? 0;
  const known: [number, string][] = EVERY.some(([days]) => days === every) ? EVERY : [...EVERY, [every, `now and every ${plural(every, "day")}`]];
  const rehearse = useMutation({
    mutationFn: () => post<Drill>(providerPath(provider.slug, "/drill"), { every_days: every, options }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["provider", provider.slug, "drills"] }),
  });
  const busy = rehearse.isPending || (last !== undefined && !over(last.state));
  return (
    <Section title="Rehearsal">
      <p className="measure">
        Plan and steps run against a copy of the data with the options above; nothing is changed here and nobody is told. It shows how long each
        step takes, what fails and what the projects would be worth afterwards.
      </p>
      <p className="row wrap">
        <button type="button" disabled={busy} onClick={() => rehearse.mutate()}>
          Rehearse it
        </button>
        <select aria-label="How often" value={every} onChange={(event) => setEvery(Number(event.target.value))}>
          {known.map(([days, title]) => (
            <option key={days} value={days}>
              {title}
            </option>
          ))}
        </select>
        {schedule !== null && <span className="meta">next by itself on {day(schedule.next_at)}</span>}
      </p>
      {rehearse.isError && (
        <p className="problem" role="alert">
          {messageOf(rehearse.error)}
        </p>
      )}
      {last !== undefined && <LastDrill drill={last} />}
    </Section>
  );
}

function LastDrill({ drill }: { drill: Drill }) {
  const done = over(drill.state);
  const report = useDrill(drill.id, done).data?.report ?? drill.report;
  return (
    <div className="spaced" role="status">
      <p>
        <strong>Last rehearsed</strong> {when(drill.at)}
        {drill.by != null && ` by ${drill.by}`}
        {drill.done_at != null && `, took ${between(drill.at, drill.done_at)}`} <Status value={drill.state} />{" "}
        {done && (
          <a href={drillPage(drill.id)} target="_blank" rel="noreferrer">
            Print view
          </a>
        )}
      </p>
      {drill.error != null && <p className="problem">{drill.error}</p>}
      {report != null && <DrillReportView report={report} />}
    </div>
  );
}
