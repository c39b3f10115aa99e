/** What is unclear to those who work here? Open questions are answered once; what was shared is read by all. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useProject } from "../api/queries";
import { messageOf, post, remove } from "../api/client";
import { moment } from "../app/format";
import { Load } from "../app/Load";
import { More } from "../app/More";
import { PageHead, Section } from "../app/Page";
import { manages, reviews, useSignedIn } from "../app/session";
import { TaskDetailView } from "../projects/TaskDetailView";
import { useClarifications, useQuestions } from "./queries";
import type { AskedQuestion, Clarification } from "./types";

export function QuestionsPage({ slug }: { slug: string }) {
  const { role } = useSignedIn();
  const project = useProject(slug);
  const answers = reviews(role);
  return (
    <>
      <PageHead title="Questions" above={project.data?.name ?? slug} />
      <Listed slug={slug} state="open" title={answers ? "Waiting for an answer" : "Yours, not answered yet"} />
      <Clarifications slug={slug} mayEnd={manages(role) || role === "reviewer"} />
      <Listed slug={slug} state="answered" title={answers ? "Answered" : "Yours, answered"} />
    </>
  );
}

function Listed({ slug, state, title }: { slug: string; state: "open" | "answered"; title: string }) {
  const questions = useQuestions(slug, state);
  const items = questions.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title={title}>
      <Load query={questions}>
        {() =>
          items.length === 0 ? (
            <p className="meta">None.</p>
          ) : (
            <>
              <ul className="asked">
                {items.map((question) => (
                  <li key={question.id}>
                    <Asked slug={slug} question={question} />
                  </li>
                ))}
              </ul>
              <More shown={items.length} pages={questions} />
            </>
          )
        }
      </Load>
    </Section>
  );
}

function Asked({ slug, question }: { slug: string; question: AskedQuestion }) {
  const { role } = useSignedIn();
  const [looking, setLooking] = useState(false);
  const { asker } = question;
  return (
    <article aria-label={`Question of ${moment(question.at)}`}>
      <p className="kept-text measure">{question.text}</p>
      <p className="meta">
        {moment(question.at)}
        {asker !== null && `, ${asker.name} of ${asker.provider}`}
      </p>
      {question.answers.map(({ text, by, at }) => (
        <blockquote key={at}>
          <p className="kept-text measure">{text}</p>
          <p className="meta">
            {moment(at)}
            {by !== null && `, ${by}`}
          </p>
        </blockquote>
      ))}
      {reviews(role) && (
        <>
          <button type="button" className="plain" aria-expanded={looking} onClick={() => setLooking(!looking)}>
            {looking ? "Hide the task" : "Show the task"}
          </button>
          {looking && <TaskDetailView id={question.task} />}
          {question.state === "open" && <AnswerForm slug={slug} question={question} />}
        </>
      )}
    </article>
  );
}

function AnswerForm({ slug, question }: { slug: string; question: AskedQuestion }) {
  const [text, setText] = useState("");
  const [share, setShare] = useState(true);
  const [asked, setAsked] = useState(question.text);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => post(`/api/questions/${question.id}/answer`, { text, share, ...(share && asked.trim() !== question.text ? { asked } : {}) }),
    onSuccess: () =>
      Promise.all(["questions", "clarifications"].map((kind) => client.invalidateQueries({ queryKey: [kind, slug] }))),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") send.mutate();
  };
  const id = `answer-${question.id}`;
  return (
    <form className="narrow" onSubmit={submit}>
      <label htmlFor={id}>Your answer, given once</label>
      <textarea id={id} rows={3} maxLength={4000} value={text} onChange={(event) => setText(event.target.value)} />
      <label className="check">
        <input type="checkbox" checked={share} onChange={(event) => setShare(event.target.checked)} />
        <span>Show it to all who work here</span>
      </label>
      {share && (
        <>
          <label htmlFor={`${id}-asked`}>The question as they read it; it should name nobody</label>
          <input id={`${id}-asked`} type="text" maxLength={4000} value={asked} onChange={(event) => setAsked(event.target.value)} />
        </>
      )}
      {send.isError && (
        <p className="problem" role="alert">
          {messageOf(send.error)}
        </p>
      )}
      <p className="row">
        <button type="submit" className="primary" disabled={send.isPending || text.trim() === ""}>
          Answer
        </button>
      </p>
    </form>
  );
}

function Clarifications({ slug, mayEnd }: { slug: string; mayEnd: boolean }) {
  const clarifications = useClarifications(slug);
  return (
    <Section title="Clarified for all">
      <Load query={clarifications}>
        {({ items }) => (items.length === 0 ? <p className="meta">None.</p> : <ClarificationList slug={slug} items={items} mayEnd={mayEnd} />)}
      </Load>
    </Section>
  );
}

export function ClarificationList({ slug, items, mayEnd }: { slug: string; items: Clarification[]; mayEnd: boolean }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (id: string) => remove(`/api/clarifications/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["clarifications", slug] }),
  });
  return (
    <>
      {end.isError && (
        <p className="problem" role="alert">
          {messageOf(end.error)}
        </p>
      )}
      <dl className="clarified">
        {items.map(({ id, asked, answer }) => (
          <div key={id}>
            <dt className="kept-text">{asked}</dt>
            <dd className="kept-text">{answer}</dd>
            {mayEnd && (
              <dd>
                <button type="button" className="plain" disabled={end.isPending} aria-label={`Take back: ${asked}`} onClick={() => end.mutate(id)}>
                  Take back
                </button>
              </dd>
            )}
          </div>
        ))}
      </dl>
    </>
  );
}
