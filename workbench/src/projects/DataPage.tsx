/** Which tasks are there, and what became of each? A page at a time, by status; one opens beside the list. */

import { useState } from "react";
import { useProject, useTasks } from "../api/queries";
import type { TaskRow } from "../api/types";
import { count, percent, when } from "../app/format";
import { Failure, Loading } from "../app/Load";
import { Dialog } from "../app/Dialog";
import { PageHead, Status } from "../app/Page";
import { Scroll } from "../app/Table";
import { answerLine } from "../questions/AnswerView";
import { TaskDetailView } from "./TaskDetailView";

const STATUSES = ["", "open", "settled", "fetching", "error", "cancelled"];

export function DataPage({ slug }: { slug: string }) {
  const project = useProject(slug);
  const [status, setStatus] = useState("");
  const [opened, setOpened] = useState<TaskRow | null>(null);
  const tasks = useTasks(slug, status);
  const rows = tasks.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHead title="Data" above={project.data?.name ?? slug}>
        <label htmlFor="status-filter">Status</label>
        <select id="status-filter" value={status} onChange={(event) => setStatus(event.target.value)}>
          {STATUSES.map((value) => (
            <option key={value} value={value}>
              {value === "" ? "all" : value}
            </option>
          ))}
        </select>
      </PageHead>
      {tasks.isPending && <Loading />}
      {tasks.isError && <Failure error={tasks.error} retry={() => void tasks.refetch()} />}
      {tasks.data !== undefined && rows.length === 0 && <p>No tasks{status === "" ? " yet" : ` with status ${status}`}.</p>}
      {rows.length > 0 && <TaskTable rows={rows} open={setOpened} />}
      {rows.length > 0 && (
        <p className="row">
          {tasks.hasNextPage && (
            <button type="button" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()}>
              Load more
            </button>
          )}
          <span className="meta">
            {count(rows.length)} shown{tasks.hasNextPage ? "" : ", that is all"}
          </span>
        </p>
      )}
      {opened !== null && (
        <Dialog title={`Task ${opened.external_id ?? opened.id}`} close={() => setOpened(null)} wide>
          <TaskDetailView id={opened.id} />
        </Dialog>
      )}
    </>
  );
}

function TaskTable({ rows, open }: { rows: TaskRow[]; open: (row: TaskRow) => void }) {
  return (
    <Scroll label="Tasks">
      <table>
        <caption className="visually-hidden">Tasks</caption>
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">Content</th>
            <th scope="col">Status</th>
            <th scope="col" className="number">Answers</th>
            <th scope="col">Consensus</th>
            <th scope="col" className="number">Confidence</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className="clickable" onClick={() => open(row)}>
              <th scope="row">
                <button type="button" className="link" onClick={() => open(row)}>
                  {row.external_id ?? row.id}
                </button>
              </th>
              <td className="preview">{row.preview ?? ""}</td>
              <td>
                <Status value={row.status} /> {row.gold && <Status value="gold" />}
              </td>
              <td className="number">
                {count(row.answers)}
                {row.gold ? "" : ` of ${count(row.wanted)}`}
              </td>
              <td className="preview">{row.consensus === null ? "" : answerLine(row.consensus.answers)}</td>
              <td className="number">{row.consensus === null ? "" : percent(row.consensus.confidence)}</td>
              <td className="meta nowrap">{when(row.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
