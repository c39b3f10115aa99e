/** The right side of the bench: guideline, questions, and what may stand beside every answer. */

import type { RefObject } from "react";
import type { Answers, Assignment, Json, Question } from "../api/types";
import { isRequired, kindOf } from "../questions/registry";
import { fieldsetId } from "./useActiveQuestion";

interface QuestionPanelProps {
  assignment: Assignment;
  answers: Answers;
  problems: Record<string, string>;
  active: string | null;
  setActive: (name: string) => void;
  set: (name: string, value: Json | undefined, typed?: boolean) => void;
  note: RefObject<HTMLInputElement | null>;
  suggested: boolean;
  instruction: string | null;
  guideOpen: boolean;
  setGuideOpen: (open: boolean) => void;
  /** null: this form has no single question that a digit could answer. */
  oneKey: boolean | null;
  setOneKey: (on: boolean) => void;
}

export function QuestionPanel(props: QuestionPanelProps) {
  const { assignment, answers, problems, active, set } = props;
  const { questions } = assignment.form;
  return (
    <aside className="panel" aria-label="Questions">
      {props.instruction !== null && props.instruction !== "" && (
        <details
          className="guide"
          open={props.guideOpen}
          onToggle={(event) => {
            if (event.currentTarget.open !== props.guideOpen) props.setGuideOpen(event.currentTarget.open);
          }}
        >
          <summary>
            Guideline <kbd>G</kbd>
          </summary>
          <div className="kept-text">{props.instruction}</div>
        </details>
      )}
      {props.suggested && <p className="notice">Filled in from a suggestion. Change what is wrong.</p>}
      {problems[""] !== undefined && (
        <p className="problem" role="alert">
          {problems[""]}
        </p>
      )}
      {questions.map((question) => (
        <QuestionField
          key={question.name}
          question={question}
          value={answers[question.name]}
          problem={problems[question.name]}
          active={active === question.name}
          marked={active === question.name && questions.length > 1}
          activate={() => props.setActive(question.name)}
          change={(value) => set(question.name, value, question.kind === "text" || question.kind === "number")}
        />
      ))}
      <div className="beside">
        <label className="check">
          <input
            type="checkbox"
            checked={answers.not_applicable === true}
            onChange={(event) => set("not_applicable", event.target.checked ? true : undefined)}
          />
          <span>Not applicable</span>
          <kbd>X</kbd>
        </label>
        <label className="note">
          <span>
            Note <kbd>N</kbd>
          </span>
          <input
            ref={props.note}
            type="text"
            autoComplete="off"
            value={typeof answers.note === "string" ? answers.note : ""}
            onChange={(event) => set("note", event.target.value === "" ? undefined : event.target.value, true)}
          />
        </label>
        {props.oneKey !== null && (
          <label className="check">
            <input type="checkbox" checked={props.oneKey} onChange={(event) => props.setOneKey(event.target.checked)} />
            <span>One key answers and goes on</span>
          </label>
        )}
      </div>
    </aside>
  );
}

interface QuestionFieldProps {
  question: Question;
  value: Json | undefined;
  problem: string | undefined;
  active: boolean;
  marked: boolean;
  activate: () => void;
  change: (value: Json | undefined) => void;
}

export function QuestionField({ question, value, problem, active, marked, activate, change }: QuestionFieldProps) {
  const id = fieldsetId(question.name);
  const kind = kindOf(question);
  return (
    <div className={`question${marked ? " active" : ""}`} id={id} onFocus={activate}>
      <h3 id={`${id}-title`}>
        {question.title ?? question.name}
        {!isRequired(question) && <span className="meta"> optional</span>}
      </h3>
      {question.description !== undefined && <p className="meta">{question.description}</p>}
      {kind === undefined ? (
        <p className="notice">This workbench cannot ask questions of kind {question.kind} yet.</p>
      ) : (
        <kind.Editor
          question={question}
          value={value}
          change={change}
          active={active}
          id={id}
          describedBy={problem === undefined ? undefined : `${id}-problem`}
        />
      )}
      {problem !== undefined && (
        <p className="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
