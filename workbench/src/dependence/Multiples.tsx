/** Who answers each project? The same small chart for every project, the most concentrated first. */

import { useState } from "react";
import { Link } from "wouter";
import { count, plural, when } from "../app/format";
import { Section } from "../app/Page";
import { Pairs, PairsKey } from "../charts/Pairs";
import { asIf } from "./Concentration";
import type { ProjectGroup } from "./types";

const SHOWN = 24;
const PROVIDERS_SHOWN = 5;

export function Multiples({ projects }: { projects: ProjectGroup[] }) {
  const [all, setAll] = useState(false);
  const working = projects.filter(({ judgments }) => judgments > 0).sort((one, other) => (other.hhi?.sources ?? 0) - (one.hhi?.sources ?? 0));
  if (working.length === 0) return null;
  const shown = all ? working : working.slice(0, SHOWN);
  return (
    <Section title="Project by project" aside={<PairsKey names={["answers", "weight"]} />}>
      <div className="multiples">
        {shown.map((project) => (
          <ProjectChart key={project.project} project={project} />
        ))}
      </div>
      {shown.length < working.length && (
        <p className="row">
          <button type="button" onClick={() => setAll(true)}>
            Show all {count(working.length)}
          </button>
        </p>
      )}
    </Section>
  );
}

function ProjectChart({ project }: { project: ProjectGroup }) {
  const { providers, alerts, hhi } = project;
  const rest = providers.slice(PROVIDERS_SHOWN);
  return (
    <article aria-label={project.name}>
      <h3>
        <Link href={`/p/${project.project}`}>{project.name}</Link>
        {alerts.length > 0 && <span className="tag attention">{plural(alerts.length, "alert")}</span>}
      </h3>
      <p className="meta">
        {plural(project.judgments, "judgment")}
        {hhi?.sources != null && `, HHI ${count(hhi.sources)}, ${asIf(hhi.sources)}`}
      </p>
      <ul className="plain-list">
        {providers.slice(0, PROVIDERS_SHOWN).map((row) => (
          <li key={row.provider}>
            <Link href={`/providers/${row.provider}/dependence`}>{row.name}</Link>
            <Pairs share={row.share} other={row.weight_share} label={row.name} />
          </li>
        ))}
      </ul>
      {rest.length > 0 && <p className="meta">and {plural(rest.length, "more provider", "more providers")}</p>}
      <p className="meta">{asOf(project)}</p>
    </article>
  );
}

/** How old are the figures of what would be without each? */
function asOf({ pending, as_of, behind }: ProjectGroup): string {
  if (as_of === null) return pending ? "What would be without each is being worked out." : "";
  const late = behind > 0 ? `, ${plural(behind, "judgment")} behind` : "";
  return `Without each: as of ${when(as_of)}${late}${pending ? ", being worked out anew" : ""}.`;
}
