/** A number within the form's limits, with its unit beside it. */

import { useEffect, useState } from "react";
import type { Json, Question } from "../api/types";
import type { EditorProps } from "./registry";

export function checkNumber(question: Question, value: Json): string | null {
  const number = typeof value === "number" ? value : Number.NaN;
  if (!Number.isFinite(number)) return "Enter a number.";
  if (question.min !== undefined && number < question.min) return `The least is ${question.min}.`;
  if (question.max !== undefined && number > question.max) return `The most is ${question.max}.`;
  return null;
}

/** What was typed as a number: a comma is read as a decimal point; text that is no number is kept as text. */
function read(typed: string): Json | undefined {
  const trimmed = typed.trim();
  if (trimmed === "") return undefined;
  const number = Number(trimmed.replace(",", "."));
  return Number.isFinite(number) ? number : trimmed;
}

export function NumberEditor({ question, value, change, id, describedBy }: EditorProps) {
  const [typed, setTyped] = useState(value === undefined || value === null ? "" : String(value));
  useEffect(() => {
    // An undo or a clearing from outside shows here; what is being typed ("3.") is left alone.
    if (read(typed) !== (value ?? undefined)) setTyped(value === undefined || value === null ? "" : String(value));
  }, [value]);
  const limits = [
    question.min === undefined ? null : `from ${question.min}`,
    question.max === undefined ? null : `to ${question.max}`,
  ].filter((part) => part !== null);
  return (
    <div className="number-field">
      <input
        id={`${id}-field`}
        inputMode="decimal"
        autoComplete="off"
        aria-labelledby={`${id}-title`}
        aria-describedby={describedBy}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          change(read(event.target.value));
        }}
      />
      {question.unit !== undefined && <span>{question.unit}</span>}
      {limits.length > 0 && <span className="meta">{limits.join(" ")}</span>}
    </div>
  );
}
