/** Any of several: a tree of boxes to tick; the answer is kept in the order of the form. */

import type { Json, Question } from "../api/types";
import { leaves, optionByKey, optionKeys, optionRows, titleOf } from "./options";
import type { EditorProps, ViewerProps } from "./registry";

function chosen(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function toggled(question: Question, value: Json | undefined, option: string): string[] {
  const now = new Set(chosen(value));
  if (!now.delete(option)) now.add(option);
  return leaves(question)
    .map((row) => row.value)
    .filter((item) => now.has(item));
}

export function choicesByDigit(question: Question, value: Json | undefined, digit: string): Json | undefined {
  const option = optionByKey(question, digit);
  return option === undefined ? undefined : toggled(question, value, option);
}

export function checkChoices(question: Question, value: Json): string | null {
  const many = chosen(value).length;
  if (question.min !== undefined && many < question.min) return `Choose at least ${question.min}.`;
  if (question.max !== undefined && many > question.max) return `Choose at most ${question.max}.`;
  return null;
}

export function ChoicesEditor({ question, value, change, active, id, describedBy }: EditorProps) {
  const now = chosen(value);
  const keys = optionKeys(question);
  return (
    <div className="options" role="group" aria-labelledby={`${id}-title`} aria-describedby={describedBy}>
      {optionRows(question).map((row, index) =>
        row.leaf ? (
          <label key={row.value} className="option" style={{ marginInlineStart: row.depth * 16 }}>
            <input
              type="checkbox"
              checked={now.includes(row.value)}
              onChange={() => change(toggled(question, value, row.value))}
            />
            <span>
              {row.title}
              {row.description !== undefined && <span className="meta block">{row.description}</span>}
            </span>
            {active && keys.has(row.value) && <kbd>{keys.get(row.value)}</kbd>}
          </label>
        ) : (
          <p key={`heading-${index}`} className="option-heading" style={{ marginInlineStart: row.depth * 16 }}>
            {row.title}
          </p>
        ),
      )}
      {/* None of them is an answer too, and has to be said as one. */}
      {(question.min ?? 0) === 0 && (
        <label className="option none">
          <input type="checkbox" checked={Array.isArray(value) && now.length === 0} onChange={() => change(Array.isArray(value) && now.length === 0 ? undefined : [])} />
          <span>None of these</span>
        </label>
      )}
    </div>
  );
}

export function ChoicesViewer({ question, value }: ViewerProps) {
  const now = chosen(value);
  return <>{now.length === 0 ? "none" : now.map((item) => titleOf(question, item)).join(", ")}</>;
}
