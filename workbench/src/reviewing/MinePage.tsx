/** What have I answered here, and what of it can I still change? */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { useProject } from "../api/queries";
import { messageOf, post } from "../api/client";
import { moment, plural, spaced } from "../app/format";
import { Load } from "../app/Load";
import { More } from "../app/More";
import { PageHead } from "../app/Page";
import { useKeys } from "../app/useKeys";
import { ContentView } from "../content/Content";
import { answerLine } from "../questions/AnswerView";
import { QuestionFields } from "../questions/QuestionFields";
import { useOwnAnswers } from "./queries";
import type { OwnAnswer } from "./types";
import { useFilledIn } from "./useFilledIn";

export function MinePage({ slug }: { slug: string }) {
  const project = useProject(slug);
  const mine = useOwnAnswers(slug);
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = mine.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = rows.find((row) => row.id === chosen) ?? rows[0];
  return (
    <>
      <PageHead title="My answers" above={project.data?.name ?? slug} />
      <Load query={mine}>
        {() =>
          shown === undefined ? (
            <p>You have answered nothing here yet.</p>
          ) : (
            <div className="review">
              <div>
                <ul className="plain-list" aria-label="Your answers, newest first">
                  {rows.map((row) => (
                    <li key={row.id}>
                      <button type="button" aria-pressed={row.id === shown.id} onClick={() => setChosen(row.id)}>
                        <span>{answerLine(row.answers) || "no answer"}</span>
                        <span className="meta">
                          {moment(row.at)}, {spaced(row.state)}
                          {!row.revisable && ", closed"}
                        </span>
                      </button>
                    </li>
                  ))}
                </ul>
                <More shown={rows.length} pages={mine} />
              </div>
              <Own key={shown.id} slug={slug} row={shown} revised={setChosen} />
            </div>
          )
        }
      </Load>
      <p className="visually-hidden" role="status">
        {rows.length > 0 && plural(rows.length, "answer")}
      </p>
    </>
  );
}

function Own({ slug, row, revised }: { slug: string; row: OwnAnswer; revised: (id: string) => void }) {
  const filled = useFilledIn(row.form, row.answers);
  const attempt = useRef(crypto.randomUUID());
  const client = useQueryClient();
  const changed = JSON.stringify(filled.answers) !== JSON.stringify(row.answers);
  const save = useMutation({
    mutationFn: () =>
      post<{ judgment: string }>(`/api/judgments/${row.id}/revise`, { answers: filled.answers }, { "Idempotency-Key": attempt.current }),
    onSuccess: async ({ judgment }) => {
      await client.invalidateQueries({ queryKey: ["mine", slug] });
      revised(judgment);
    },
    onError: (error) => {
      attempt.current = crypto.randomUUID();
      filled.refused(error);
    },
  });
  const send = () => {
    if (changed && !save.isPending && filled.sound()) save.mutate();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  useKeys({ ...filled.digits, "Ctrl+Enter": send }, row.revisable);
  return (
    <section className="task-detail" aria-label="Your answer" data-judgment={row.id}>
      {row.reason !== null && <p className="notice attention kept-text">It was rejected: {row.reason}</p>}
      {row.task.content === null ? <p className="notice">The content is not shown any more.</p> : <ContentView content={row.task.content} />}
      {row.revisable ? (
        <form onSubmit={submit}>
          <QuestionFields {...filled.fields} />
          {save.isError && (
            <p className="problem" role="alert">
              {messageOf(save.error)}
            </p>
          )}
          <p className="row">
            <button type="submit" className="primary" disabled={save.isPending || !changed}>
              Change my answer
            </button>
            <span className="meta">{changed ? "Not sent yet." : "As you answered it."}</span>
          </p>
        </form>
      ) : (
        <p className="notice">
          You answered: {answerLine(row.answers) || "nothing"}. It cannot be changed any more.
        </p>
      )}
    </section>
  );
}
