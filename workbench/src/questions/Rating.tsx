/** A grade on a short scale; the ends of the scale are the form's min and max. */

import type { Json, Question } from "../api/types";
import { digitAt, grades, placeOf } from "./options";
import type { EditorProps } from "./registry";

/** A digit names the grade itself where the scale has it, else the place on the scale. */
export function ratingByDigit(question: Question, _value: Json | undefined, digit: string): Json | undefined {
  const scale = grades(question);
  const named = Number(digit);
  return namesItself(scale) ? (scale.includes(named) ? named : undefined) : scale[placeOf(digit)];
}

function namesItself(scale: number[]): boolean {
  return scale.every((grade) => Number.isInteger(grade) && grade >= 0 && grade <= 9);
}

export function RatingEditor({ question, value, change, active, id, describedBy }: EditorProps) {
  const scale = grades(question);
  const key = (grade: number, index: number) => (namesItself(scale) ? String(grade) : digitAt(index));
  return (
    <div className="grades" role="radiogroup" aria-labelledby={`${id}-title`} aria-describedby={describedBy}>
      {scale.map((grade, index) => (
        <label key={grade} className="grade">
          <input type="radio" name={id} checked={value === grade} onChange={() => change(grade)} />
          <span>{grade}</span>
          {active && !namesItself(scale) && key(grade, index) !== undefined && <kbd>{key(grade, index)}</kbd>}
        </label>
      ))}
    </div>
  );
}
