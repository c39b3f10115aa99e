/** One of several: a tree of radio buttons of which only the leaves answer. */

import type { Json, Question } from "../api/types";
import { optionByKey, optionKeys, optionRows, titleOf } from "./options";
import type { EditorProps, ViewerProps } from "./registry";

export function choiceByDigit(question: Question, _value: Json | undefined, digit: string): Json | undefined {
  return optionByKey(question, digit);
}

export function ChoiceEditor({ question, value, change, active, id, describedBy }: EditorProps) {
  const keys = optionKeys(question);
  return (
    <div className="options" role="radiogroup" aria-labelledby={`${id}-title`} aria-describedby={describedBy}>
      {optionRows(question).map((row, index) =>
        row.leaf ? (
          <label key={row.value} className="option" style={{ marginInlineStart: row.depth * 16 }}>
            <input type="radio" name={id} checked={value === row.value} onChange={() => change(row.value)} />
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
    </div>
  );
}

export function ChoiceViewer({ question, value }: ViewerProps) {
  return <>{typeof value === "string" ? titleOf(question, value) : JSON.stringify(value)}</>;
}
