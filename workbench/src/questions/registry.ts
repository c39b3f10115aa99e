/** How is a question of this kind answered and shown? One entry a kind; a kind without one is said to be unknown. */

import type { ComponentType } from "react";
import type { Json, Question } from "../api/types";
import { ChoiceEditor, ChoiceViewer, choiceByDigit } from "./Choice";
import { ChoicesEditor, ChoicesViewer, choicesByDigit, checkChoices } from "./Choices";
import { NumberEditor, checkNumber } from "./Number";
import { RatingEditor, ratingByDigit } from "./Rating";
import { TextEditor, checkText } from "./Text";
import { PlainViewer } from "./PlainViewer";

export interface EditorProps {
  question: Question;
  value: Json | undefined;
  change: (value: Json | undefined) => void;
  /** Digits act on this question now, so its keys are shown. */
  active: boolean;
  id: string;
  describedBy: string | undefined;
}

export interface ViewerProps {
  question: Question;
  value: Json;
}

export interface QuestionKind {
  Editor: ComponentType<EditorProps>;
  Viewer: ComponentType<ViewerProps>;
  /** The answer after a digit was pressed; undefined when the digit means nothing here. */
  byDigit?: (question: Question, value: Json | undefined, digit: string) => Json | undefined;
  /** After one digit the question is answered (a single choice), so keys move on to the next one. */
  oneDigitAnswers?: boolean;
  /** What is wrong with a given answer, in a sentence. */
  check?: (question: Question, value: Json) => string | null;
}

const KINDS: Record<string, QuestionKind> = {
  choice: { Editor: ChoiceEditor, Viewer: ChoiceViewer, byDigit: choiceByDigit, oneDigitAnswers: true },
  choices: { Editor: ChoicesEditor, Viewer: ChoicesViewer, byDigit: choicesByDigit, check: checkChoices },
  rating: { Editor: RatingEditor, Viewer: PlainViewer, byDigit: ratingByDigit, oneDigitAnswers: true },
  number: { Editor: NumberEditor, Viewer: PlainViewer, check: checkNumber },
  text: { Editor: TextEditor, Viewer: PlainViewer, check: checkText },
};

export const kindOf = (question: Question): QuestionKind | undefined => KINDS[question.kind];

export const isRequired = (question: Question): boolean => question.required !== false;

export function isAnswered(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

/** What a digit answers: the active question, and its answer after the digit; undefined where it means nothing. */
export function answerByDigit(
  questions: Question[],
  active: string | null,
  answers: Record<string, Json | undefined>,
  digit: string,
): { name: string; value: Json; answered: boolean } | undefined {
  const question = questions.find((candidate) => candidate.name === active);
  const kind = question === undefined ? undefined : kindOf(question);
  if (question === undefined || kind?.byDigit === undefined) return undefined;
  const value = kind.byDigit(question, answers[question.name], digit);
  if (value === undefined) return undefined;
  return { name: question.name, value, answered: kind.oneDigitAnswers === true };
}

/** What the form would refuse, by question; said here so that nobody waits for the server to hear it. */
export function checkAnswers(questions: Question[], answers: Record<string, Json | undefined>): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const question of questions) {
    const value = answers[question.name];
    if (value === undefined || value === null || value === "") {
      if (isRequired(question)) problems[question.name] = "This question needs an answer.";
      continue;
    }
    const problem = kindOf(question)?.check?.(question, value);
    if (problem) problems[question.name] = problem;
  }
  return problems;
}
