/** Free text up to the form's length; Enter makes a new line, Ctrl+Enter submits. */

import { useLayoutEffect, useRef } from "react";
import type { Json, Question } from "../api/types";
import type { EditorProps } from "./registry";

/** Characters are counted as the server counts them: in code points. */
const length = (text: string): number => Array.from(text).length;

export function checkText(question: Question, value: Json): string | null {
  if (typeof value !== "string") return "Enter text.";
  if (question.max_length !== undefined && length(value) > question.max_length) {
    return `At most ${question.max_length} characters; these are ${length(value)}.`;
  }
  return null;
}

export function TextEditor({ question, value, change, id, describedBy }: EditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = typeof value === "string" ? value : "";
  useLayoutEffect(() => {
    if (field.current === null) return;
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(320, field.current.scrollHeight + 2)}px`;
  }, [text]);
  return (
    <div>
      <textarea
        ref={field}
        id={`${id}-field`}
        rows={3}
        aria-labelledby={`${id}-title`}
        aria-describedby={describedBy}
        value={text}
        onChange={(event) => change(event.target.value === "" ? undefined : event.target.value)}
      />
      {question.max_length !== undefined && (
        <span className="meta">
          {length(text)} of {question.max_length}
        </span>
      )}
    </div>
  );
}
