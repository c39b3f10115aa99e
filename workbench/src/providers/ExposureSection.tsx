/** What was this provider shown, to whom, and when? Counts first, then every showing, a page at a time. */

import { useExposure, useProjectNames } from "../api/queries";
import { count, when } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { Figure, Section } from "../app/Page";

function listed(counts: { [name: string]: number }, nameOf = (name: string) => name): string {
  const parts = Object.entries(counts).map(([name, tasks]) => `${nameOf(name)} ${count(tasks)}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

export function ExposureSection({ slug }: { slug: string }) {
  const exposure = useExposure(slug);
  const projectName = useProjectNames();
  const counts = exposure.data?.pages[0]?.counts;
  const rows = exposure.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="What it was shown">
      {exposure.isPending && <Loading />}
      {exposure.isError && <Failure error={exposure.error} retry={() => void exposure.refetch()} />}
      {counts !== undefined && (
        <dl className="figures">
          <Figure name="Tasks" value={count(counts.tasks)} />
          <Figure name="Showings" value={count(counts.showings)} />
          <Figure name="By project" value={listed(counts.by_project, projectName)} />
          <Figure name="By sensitivity" value={listed(counts.by_sensitivity)} />
          <Figure name="First" value={when(counts.first)} />
          <Figure name="Last" value={when(counts.last)} />
        </dl>
      )}
      {counts !== undefined && rows.length === 0 && <p className="meta">It was shown nothing yet.</p>}
      {rows.length > 0 && (
        <details>
          <summary>Every showing</summary>
          <div className="table-scroll">
            <table>
              <caption className="visually-hidden">Showings</caption>
              <thead>
                <tr>
                  <th scope="col">Task</th>
                  <th scope="col">Project</th>
                  <th scope="col">Annotator</th>
                  <th scope="col">At</th>
                  <th scope="col">Commitment to the content</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row, index) => (
                  <tr key={`${row.task}-${index}`}>
                    <th scope="row">
                      <code>{row.task}</code>
                    </th>
                    <td>{row.project === undefined ? "" : projectName(row.project)}</td>
                    <td>{row.annotator_name ?? row.annotator}</td>
                    <td className="nowrap">{when(row.at)}</td>
                    <td>
                      <code title={row.content}>{row.content.slice(0, 16)}…</code>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className="row">
            {exposure.hasNextPage && (
              <button type="button" disabled={exposure.isFetchingNextPage} onClick={() => void exposure.fetchNextPage()}>
                Load more
              </button>
            )}
            <span className="meta">
              {count(rows.length)} shown{exposure.hasNextPage ? "" : ", that is all"}
            </span>
          </p>
        </details>
      )}
    </Section>
  );
}
