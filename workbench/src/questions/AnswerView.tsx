/** What was answered to this question? Shown by its kind, or as it was written when the kind is not known here. */

import type { Answers, Question } from "../api/types";
import { kindOf } from "./registry";

export function AnswerView({ question, answers }: { question: Question; answers: Answers }) {
  const value = answers[question.name];
  if (value === undefined || value === null) return <span className="meta">no answer</span>;
  const kind = kindOf(question);
  return kind === undefined ? <code>{JSON.stringify(value)}</code> : <kind.Viewer question={question} value={value} />;
}

/** All answers of one judgment in a line, for tables. */
export function answerLine(answers: Answers): string {
  return Object.entries(answers)
    .map(([name, value]) => {
      if (name === "not_applicable") return "not applicable";
      const words = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") || "none" : JSON.stringify(value);
      return name === "label" ? words : `${name}: ${words}`;
    })
    .join("; ");
}
