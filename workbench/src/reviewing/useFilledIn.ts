/** Answers that are changed in a form: what was there before, what is wrong, and what a digit does. */

import { useState } from "react";
import { ApiError } from "../api/client";
import type { Answers, Form, Json } from "../api/types";
import { followAnswer, useActiveQuestion } from "../bench/useActiveQuestion";
import { answerByDigit, checkAnswers } from "../questions/registry";

export function useFilledIn(form: Form, before: Answers) {
  const [answers, setAnswers] = useState<Answers>(before);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const { questions } = form;
  const { active, setActive, moveOn, focusQuestion } = useActiveQuestion(questions, answers);

  const set = (name: string, value: Json | undefined) => {
    const now = { ...answers };
    if (value === undefined) delete now[name];
    else now[name] = value;
    setAnswers(now);
    return now;
  };

  const press = (digit: string) => {
    const found = answerByDigit(questions, active, answers, digit);
    if (found === undefined) return;
    const now = set(found.name, found.value);
    if (!found.answered) return;
    followAnswer(found.name);
    moveOn(found.name, now);
  };

  /** Whether the form would take it; where not, says so at the question and goes there. */
  const sound = (): boolean => {
    const wrong = answers.not_applicable === true ? {} : checkAnswers(questions, answers);
    setProblems(wrong);
    const first = questions.find((question) => wrong[question.name] !== undefined);
    if (first !== undefined) focusQuestion(first.name);
    return first === undefined;
  };

  /** What the server found wrong, at its question; false when it is about something else. */
  const refused = (error: unknown): boolean => {
    if (!(error instanceof ApiError) || error.status !== 422) return false;
    const found: Record<string, string> = {};
    for (const { pointer, message } of error.problems) {
      const name = /^\/answers\/([^/]+)/.exec(pointer)?.[1];
      if (name !== undefined) found[name] = message;
    }
    setProblems(found);
    return Object.keys(found).length > 0;
  };

  const digits = Object.fromEntries([..."1234567890"].map((digit) => [digit, () => press(digit)]));
  return { fields: { questions, answers, problems, active, setActive, set }, answers, digits, sound, refused };
}
