/** Which task was shown to whom, when? Every showing, a page at a time, all of them or those of an annotator, a project, a sensitivity. */

import { useProjectNames } from "../api/queries";
import { when } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { More } from "../app/More";
import { Table } from "../app/Table";
import { NOT_NARROWED, useExposedAnnotators, useExposure, type Narrowed } from "./queries";

interface ShowingsProps {
  slug: string;
  narrowed: Narrowed;
  narrow: (to: Narrowed) => void;
  projects: string[];
  levels: string[];
}

export function Showings({ slug, narrowed, narrow, projects, levels }: ShowingsProps) {
  const showings = useExposure(slug, narrowed);
  const annotators = useExposedAnnotators(slug);
  const projectName = useProjectNames();
  const names = new Map(annotators.data?.pages.flatMap((page) => page.items).map((one) => [one.annotator, one.name ?? one.annotator]));
  const rows = showings.data?.pages.flatMap((page) => page.items) ?? [];
  const all = Object.values(narrowed).every((chosen) => chosen === "");
  const people = [...new Set([...names.keys(), ...(narrowed.annotator === "" ? [] : [narrowed.annotator])])];
  return (
    <>
      <div className="row filters">
        <Choose name="annotator" all="every annotator" value={narrowed.annotator} values={people} titleOf={(id) => names.get(id) ?? id} change={(annotator) => narrow({ ...narrowed, annotator })} />
        <Choose name="project" all="every project" value={narrowed.project} values={projects} titleOf={projectName} change={(project) => narrow({ ...narrowed, project })} />
        <Choose name="sensitivity" all="every sensitivity" value={narrowed.sensitivity} values={levels} titleOf={(level) => level} change={(sensitivity) => narrow({ ...narrowed, sensitivity })} />
        {!all && (
          <button type="button" className="plain" onClick={() => narrow(NOT_NARROWED)}>
            Show all
          </button>
        )}
      </div>
      {showings.isPending && <Loading />}
      {showings.isError && <Failure error={showings.error} retry={() => void showings.refetch()} />}
      {showings.data !== undefined && rows.length === 0 && <p className="meta">Nothing of that was shown.</p>}
      {rows.length > 0 && (
        <>
          <Table
            caption="Showings"
            rows={rows}
            keyOf={(row, index) => `${row.task}-${index}`}
            columns={[
              { title: "Task", as: "head", cell: (row) => <code>{row.task}</code> },
              { title: "Project", cell: (row) => (row.project === undefined ? "" : projectName(row.project)) },
              { title: "Sensitivity", cell: (row) => row.sensitivity ?? "" },
              { title: "Annotator", cell: (row) => row.annotator_name ?? names.get(row.annotator) ?? row.annotator },
              { title: "At", as: "nowrap", cell: (row) => when(row.at) },
              { title: "Commitment to the content", cell: (row) => <code title={row.content}>{row.content.slice(0, 16)}…</code> },
            ]}
          />
          <More shown={rows.length} pages={showings} />
        </>
      )}
    </>
  );
}

interface ChooseProps {
  name: string;
  all: string;
  value: string;
  values: string[];
  titleOf: (value: string) => string;
  change: (value: string) => void;
}

function Choose({ name, all, value, values, titleOf, change }: ChooseProps) {
  return (
    <select aria-label={`Only of this ${name}`} value={value} onChange={(event) => change(event.target.value)}>
      <option value="">{all}</option>
      {values.map((one) => (
        <option key={one} value={one}>
          {titleOf(one)}
        </option>
      ))}
    </select>
  );
}
