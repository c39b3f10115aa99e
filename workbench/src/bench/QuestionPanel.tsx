/** The right side of the bench: guideline, questions, and what may stand beside every answer. */

import type { RefObject } from "react";
import type { Answers, Assignment, Json } from "../api/types";
import { QuestionFields } from "../questions/QuestionFields";

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
  const { assignment, answers, problems, set } = props;
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
      <QuestionFields {...{ questions, answers, problems, set }} active={props.active} setActive={props.setActive} />
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
