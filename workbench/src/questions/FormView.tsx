/** What does this project ask? The form as a person reads it, without answering it. */

import type { Form, Question } from "../api/types";
import { grades, optionRows } from "./options";
import { isRequired } from "./registry";

function detail(question: Question): string {
  if (question.kind === "rating") {
    const scale = grades(question);
    return `${scale[0]} to ${scale[scale.length - 1]}`;
  }
  const parts = [
    question.min === undefined ? "" : `from ${question.min}`,
    question.max === undefined ? "" : `to ${question.max}`,
    question.unit ?? "",
    question.max_length === undefined ? "" : `at most ${question.max_length} characters`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

export function FormView({ form }: { form: Form }) {
  return (
    <ol className="form-view">
      {form.questions.map((question) => (
        <li key={question.name}>
          <strong>{question.title ?? question.name}</strong>{" "}
          <span className="meta">
            {question.kind}
            {isRequired(question) ? "" : ", optional"} {detail(question)}
          </span>
          {question.description !== undefined && <p>{question.description}</p>}
          {question.options !== undefined && (
            <ul>
              {optionRows(question).map((row, index) => (
                <li key={index} style={{ marginInlineStart: row.depth * 16 }} className={row.leaf ? undefined : "option-heading"}>
                  {row.title}
                  {row.title !== row.value && <span className="meta"> {row.value}</span>}
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ol>
  );
}
