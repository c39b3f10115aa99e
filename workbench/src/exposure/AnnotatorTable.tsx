/** Which of its annotators has seen how much, and of which sensitivity? */

import { count, when } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { More } from "../app/More";
import { Section } from "../app/Page";
import { Table } from "../app/Table";
import { useExposedAnnotators } from "./queries";

const levels = (counts: { [level: string]: number } | undefined): string =>
  Object.entries(counts ?? {})
    .map(([level, tasks]) => `${level} ${count(tasks)}`)
    .join(", ");

export function AnnotatorTable({ slug, choose }: { slug: string; choose: (annotator: string) => void }) {
  const annotators = useExposedAnnotators(slug);
  const rows = annotators.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="By annotator">
      {annotators.isPending && <Loading />}
      {annotators.isError && <Failure error={annotators.error} retry={() => void annotators.refetch()} />}
      {rows.length > 0 && (
        <>
          <Table
            caption="By annotator"
            rows={rows}
            keyOf={(row) => row.annotator}
            columns={[
              {
                title: "Annotator",
                as: "head",
                cell: (row) => (
                  <button type="button" className="link" onClick={() => choose(row.annotator)}>
                    {row.name ?? row.annotator}
                  </button>
                ),
              },
              { title: "Tasks", as: "number", cell: (row) => count(row.tasks) },
              { title: "Showings", as: "number", cell: (row) => count(row.showings) },
              { title: "By sensitivity", cell: (row) => levels(row.by_sensitivity) },
              { title: "First", as: "nowrap", cell: (row) => when(row.first) },
              { title: "Last", as: "nowrap", cell: (row) => when(row.last) },
            ]}
          />
          <More shown={rows.length} pages={annotators} />
        </>
      )}
    </Section>
  );
}
