/** What waits for my verdict, and which settled tasks are least certain? The loaded ones, lowest confidence first. */

import { useState } from "react";
import { useProject, useTasks } from "../api/queries";
import type { TaskRow } from "../api/types";
import { percent, plural } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { PageHead } from "../app/Page";
import { ReviewDesk } from "../reviewing/ReviewDesk";
import { answerLine } from "../questions/AnswerView";
import { TaskDetailView } from "./TaskDetailView";

const LOADED_AT_ONCE = 200;
const LISTED = 100;

function leastCertain(rows: TaskRow[]): TaskRow[] {
  return rows
    .filter((row) => row.consensus !== null)
    .sort((one, other) => (one.consensus?.confidence ?? 0) - (other.consensus?.confidence ?? 0))
    .slice(0, LISTED);
}

export function ReviewPage({ slug }: { slug: string }) {
  const project = useProject(slug);
  const tasks = useTasks(slug, "settled", LOADED_AT_ONCE);
  const [chosen, setChosen] = useState<string | null>(null);
  const loaded = tasks.data?.pages.flatMap((page) => page.items) ?? [];
  const rows = leastCertain(loaded);
  const shown = chosen ?? rows[0]?.id ?? null;
  return (
    <>
      <PageHead title="Review" above={project.data?.name ?? slug} />
      <ReviewDesk slug={slug} />
      <h2 className="least-certain">Settled, the least certain first</h2>
      {tasks.isPending && <Loading />}
      {tasks.isError && <Failure error={tasks.error} retry={() => void tasks.refetch()} />}
      {tasks.data !== undefined && rows.length === 0 && <p className="meta">No task is settled yet.</p>}
      {rows.length > 0 && (
        <>
          <p className="meta">
            The least certain of {plural(loaded.length, "settled task")} loaded, to read.
          </p>
          <div className="review">
            <div>
              <ul className="plain-list" aria-label="Settled tasks, lowest confidence first">
                {rows.map((row) => (
                  <li key={row.id}>
                    <button type="button" aria-pressed={row.id === shown} onClick={() => setChosen(row.id)}>
                      <span>{row.consensus === null ? "" : answerLine(row.consensus.answers) || "no answer"}</span>
                      <span className="meta tabular">
                        {percent(row.consensus?.confidence)}
                        {row.consensus?.tie === true && ", tie"}, {plural(row.answers, "answer")}
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
              {tasks.hasNextPage && (
                <button type="button" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()}>
                  Load more
                </button>
              )}
            </div>
            {shown !== null && <TaskDetailView key={shown} id={shown} />}
          </div>
        </>
      )}
    </>
  );
}
