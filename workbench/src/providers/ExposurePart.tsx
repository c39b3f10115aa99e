/** What was this provider shown, to whom, and when? Counts, annotators, every showing, an export for those who must prove it, and a search. */

import { useState } from "react";
import { useProjectNames } from "../api/queries";
import type { Provider } from "../api/types";
import { count, when } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { Figure, Section } from "../app/Page";
import { ofTheLab, useSignedIn } from "../app/session";
import { Amounts } from "../charts/Amounts";
import { AnnotatorTable } from "../exposure/AnnotatorTable";
import { exportPath, NOT_NARROWED, useExposure, type Narrowed } from "../exposure/queries";
import { Showings } from "../exposure/Showings";
import { WhoHasSeen } from "../exposure/WhoHasSeen";

const LEVELS = ["secret", "restricted", "internal", "public"];

export function ExposurePart({ provider }: { provider: Provider }) {
  const { slug } = provider;
  const lab = ofTheLab(useSignedIn());
  const all = useExposure(slug);
  const projectName = useProjectNames();
  const [narrowed, setNarrowed] = useState<Narrowed>(NOT_NARROWED);
  const narrow = (more: Partial<Narrowed>) => {
    setNarrowed({ ...NOT_NARROWED, ...more });
    document.getElementById("showings")?.scrollIntoView();
  };
  const counts = all.data?.pages[0]?.counts;
  if (counts === undefined) return all.isError ? <Failure error={all.error} retry={() => void all.refetch()} /> : <Loading />;
  if (counts.showings === 0) {
    return (
      <>
        <p>It was shown nothing yet. What it is shown stands here from the moment it is sent, prefetched tasks included.</p>
        {lab && <WhoHasSeen mark={slug} />}
      </>
    );
  }
  const projects = Object.entries(counts.by_project).sort(([, one], [, other]) => other - one);
  const levels = Object.entries(counts.by_sensitivity).sort(([one], [other]) => LEVELS.indexOf(one) - LEVELS.indexOf(other));
  return (
    <>
      <dl className="figures">
        <Figure name="Tasks" value={count(counts.tasks)} />
        <Figure name="Showings" value={count(counts.showings)} />
        {counts.by_reference !== undefined && <Figure name="By reference" value={count(counts.by_reference)} note="fetched elsewhere, not from here" />}
        <Figure name="First" value={when(counts.first)} />
        <Figure name="Last" value={when(counts.last)} />
      </dl>
      <div className="beside-each-other">
        <Amounts
          title="Tasks by project"
          rows={projects.map(([project, tasks]) => ({ key: project, name: projectName(project), value: tasks }))}
          choose={(project) => narrow({ project })}
        />
        <Amounts
          title="Tasks by sensitivity"
          rows={levels.map(([level, tasks]) => ({ key: level, name: level, value: tasks }))}
          choose={(sensitivity) => narrow({ sensitivity })}
        />
      </div>
      {lab && <WhoHasSeen mark={slug} />}
      <AnnotatorTable slug={slug} choose={(annotator) => narrow({ annotator })} />
      <div id="showings" />
      <Section
        title="Every showing"
        aside={
          <span className="row exports">
            <a className="button" href={exportPath(slug, "csv", narrowed)} download>
              CSV
            </a>
            <a className="button" href={exportPath(slug, "json", narrowed)} download>
              JSON
            </a>
            <a className="button" href={exportPath(slug, "html", narrowed)} target="_blank" rel="noreferrer">
              Print view
            </a>
          </span>
        }
      >
        <Showings slug={slug} narrowed={narrowed} narrow={setNarrowed} projects={projects.map(([project]) => project)} levels={levels.map(([level]) => level)} />
      </Section>
    </>
  );
}
