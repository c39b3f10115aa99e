/** The bench: one task, its questions, the keys; the list of pages gives its width to the work. */

import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useProject } from "../api/queries";
import { Failure, Loading } from "../app/Load";
import { useTitle } from "../app/Page";
import { useSignedIn } from "../app/session";
import { count } from "../app/format";
import { NothingNow } from "./NothingNow";
import { SaveState } from "./SaveState";
import { TaskWork } from "./TaskWork";
import { useTaskQueue } from "./useTaskQueue";

/** What the project said when the bench was opened; answers of this visit are counted on top. */
function useOpening(slug: string) {
  const project = useProject(slug);
  const opening = useRef<{ today: number; waiting: number } | null>(null);
  const mine = project.data?.mine;
  if (opening.current === null && mine != null) opening.current = { today: mine.today, waiting: mine.waiting + mine.held };
  return { project, today: opening.current?.today ?? 0, waiting: opening.current?.waiting ?? null };
}

export function BenchPage({ slug }: { slug: string }) {
  const { person } = useSignedIn();
  const { queue, state } = useTaskQueue(person.id, slug);
  const { project, today, waiting } = useOpening(slug);
  const name = project.data?.name ?? slug;
  useTitle(`Work: ${name}`);
  const current = state.tasks[0];
  const number = today + state.done + 1;
  const left = waiting === null || state.phase === "empty" ? null : Math.max(0, waiting - state.done);

  const [announced, setAnnounced] = useState("");
  useEffect(() => {
    if (current !== undefined) setAnnounced(`Task ${number}`);
    else if (state.phase === "empty") setAnnounced("Nothing to label now.");
  }, [current, number, state.phase]);

  return (
    <div className="bench">
      <header className="bench-top">
        <Link href="/" className="back" title="My work">
          ←<span className="visually-hidden"> My work</span>
        </Link>
        <h1>
          <Link href={`/p/${slug}`}>{name}</Link>
        </h1>
        <span className="meta tabular">
          {count(today + state.done)} today{left === null ? "" : `, ${left >= 1000 ? "over 1,000" : count(left)} left`}
        </span>
        <span className="grow" />
        <SaveState unsaved={state.unsaved} retrying={state.retrying} stored={state.stored} />
      </header>
      <p className="visually-hidden" aria-live="polite">
        {announced}
      </p>
      {state.notice !== null && (
        <div className="bench-notice" role="status">
          <span>{state.notice}</span>
          <button type="button" className="plain" onClick={queue?.dismissNotice}>
            Dismiss
          </button>
        </div>
      )}
      {queue !== null && current !== undefined ? (
        <TaskWork
          key={current.id}
          assignment={current}
          project={slug}
          person={person.id}
          number={number}
          instruction={current.instruction ?? project.data?.instruction ?? null}
          problems={state.problems[current.id]}
          sent={state.sent}
          submit={(answers, spent_ms, presentation) => queue.submit(current, { answers, spent_ms, presentation })}
          giveBack={(reason, answers) => queue.giveBack(current, reason, answers)}
        />
      ) : (
        <main className="bench-empty">
          {state.phase === "failed" && <Failure error={new Error(state.failure ?? "")} retry={() => queue?.again()} />}
          {state.phase === "empty" && <NothingNow project={slug} because={state.because} done={state.done} again={() => queue?.again()} />}
          {(state.phase === "starting" || state.phase === "working") &&
            (state.retrying ? <p>Waiting for the connection. Your answers are kept in this browser.</p> : <Loading what="Getting the next task" />)}
        </main>
      )}
    </div>
  );
}
