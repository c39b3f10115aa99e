/** How is a form filled in beside the bench? Its questions with their editors; digits act on the active one. */

import type { Answers, Json, Question } from "../api/types";
import { QuestionField } from "../bench/QuestionPanel";

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
