/** How is a form filled in? Its questions with their editors; digits act on the active one. */

import type { Answers, Json, Question } from "../api/types";
import { fieldsetId } from "../bench/useActiveQuestion";
import { isRequired, kindOf } from "./registry";

interface QuestionFieldsProps {
  questions: Question[];
  answers: Answers;
  problems: Record<string, string>;
  active: string | null;
  setActive: (name: string) => void;
  set: (name: string, value: Json | undefined, typed?: boolean) => void;
}

export function QuestionFields({ questions, answers, problems, active, setActive, set }: QuestionFieldsProps) {
  return (
    <>
      {questions.map((question) => (
        <QuestionField
          key={question.name}
          question={question}
          value={answers[question.name]}
          problem={problems[question.name]}
          active={active === question.name}
          marked={active === question.name && questions.length > 1}
          activate={() => setActive(question.name)}
          change={(value) => set(question.name, value, question.kind === "text" || question.kind === "number")}
        />
      ))}
    </>
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

function QuestionField({ question, value, problem, active, marked, activate, change }: QuestionFieldProps) {
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
