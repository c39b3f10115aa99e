/** What was shown, what did each answer, and what came out of it? Answers stand side by side; differences are marked. */

import { useTask } from "../api/queries";
import type { Judgment, Question, TaskDetail } from "../api/types";
import { money, percent, when } from "../app/format";
import { Load } from "../app/Load";
import { Status } from "../app/Page";
import { useSignedIn } from "../app/session";
import { ContentView } from "../content/Content";
import { AnswerView } from "../questions/AnswerView";

const letter = (index: number): string => String.fromCharCode(65 + (index % 26)) + (index >= 26 ? String(Math.floor(index / 26)) : "");

export function TaskDetailView({ id }: { id: string }) {
  const task = useTask(id);
  return <Load query={task}>{(data) => <Detail task={data} />}</Load>;
}

function Detail({ task }: { task: TaskDetail }) {
  return (
    <article className="task-detail" data-task={task.id}>
      {task.content === null ? <p>Its content was erased.</p> : <ContentView content={task.content} />}
      <p className="row meta">
        <Status value={task.status} /> <code>{task.external_id ?? task.id}</code>
      </p>
      {task.judgments.length === 0 ? <p>Nobody has answered this task yet.</p> : <SideBySide task={task} />}
    </article>
  );
}

function differs(judgment: Judgment, question: Question, settled: unknown): boolean {
  return settled !== undefined && JSON.stringify(judgment.answers[question.name]) !== JSON.stringify(settled);
}

function SideBySide({ task }: { task: TaskDetail }) {
  const { currency } = useSignedIn();
  const { judgments, consensus } = task;
  return (
    <div className="table-scroll">
      <table className="side-by-side">
        <caption className="visually-hidden">Answers side by side</caption>
        <thead>
          <tr>
            <td />
            {consensus !== null && <th scope="col">Consensus</th>}
            {judgments.map((judgment, index) => (
              <th scope="col" key={judgment.id}>
                {letter(index)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {task.form.questions.map((question) => (
            <tr key={question.name}>
              <th scope="row">{question.title ?? question.name}</th>
              {consensus !== null && (
                <td>
                  <strong>
                    <AnswerView question={question} answers={consensus.answers} />
                  </strong>
                </td>
              )}
              {judgments.map((judgment) => {
                const other = differs(judgment, question, consensus?.answers[question.name]);
                return (
                  <td key={judgment.id} className={other ? "differs" : undefined}>
                    <AnswerView question={question} answers={judgment.answers} />
                    {other && <span className="visually-hidden"> (differs)</span>}
                  </td>
                );
              })}
            </tr>
          ))}
          <tr>
            <th scope="row">Confidence</th>
            {consensus !== null && (
              <td>
                {percent(consensus.confidence)}
                {consensus.tie === true && " (tie)"}
              </td>
            )}
            {judgments.map((judgment) => (
              <td key={judgment.id} />
            ))}
          </tr>
          <tr>
            <th scope="row">Given by</th>
            {consensus !== null && <td />}
            {judgments.map((judgment) => (
              <td key={judgment.id}>
                {judgment.provider}
                <span className="meta block">{judgment.annotator_name ?? judgment.annotator}</span>
                <span className="meta block">{when(judgment.at)}</span>
                {judgment.price != null && <span className="meta block">{money(judgment.price, currency)}</span>}
                {typeof judgment.answers.note === "string" && <span className="block">Note: {judgment.answers.note}</span>}
                {judgment.answers.not_applicable === true && <span className="block">Not applicable</span>}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  );
}
