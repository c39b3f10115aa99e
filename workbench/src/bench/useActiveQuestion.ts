/** On which question do the digit keys act? On the focused one, else on the first that still needs an answer. */

import { useCallback, useState } from "react";
import type { Answers, Question } from "../api/types";
import { isAnswered, isRequired, kindOf } from "../questions/registry";

/** Where the keyboard goes to answer a question: its text field, or the checked or first button. */
export function fieldsetId(name: string): string {
  return `question-${name}`;
}

/** Focus inside a question goes along to the option that a key has chosen, once it is drawn. */
export function followAnswer(name: string): void {
  requestAnimationFrame(() => {
    const fieldset = document.getElementById(fieldsetId(name));
    if (fieldset?.contains(document.activeElement)) fieldset.querySelector<HTMLElement>("input:checked")?.focus();
  });
}

export function useActiveQuestion(questions: Question[], answers: Answers) {
  const [active, setActive] = useState<string | null>(
    () => (questions.find((question) => !isAnswered(answers[question.name])) ?? questions[0])?.name ?? null,
  );

  const focusQuestion = useCallback((name: string) => {
    setActive(name);
    const fieldset = document.getElementById(fieldsetId(name));
    const field =
      fieldset?.querySelector<HTMLElement>("textarea, input:not([type=radio]):not([type=checkbox])") ??
      fieldset?.querySelector<HTMLElement>("input:checked") ??
      fieldset?.querySelector<HTMLElement>("input");
    field?.focus();
    fieldset?.scrollIntoView({ block: "nearest" });
  }, []);

  const step = (by: 1 | -1) => {
    const place = questions.findIndex((question) => question.name === active);
    const target = questions[(place + by + questions.length) % questions.length];
    if (target !== undefined) focusQuestion(target.name);
  };

  /** After `name` was answered: on to the next question that needs an answer, if there is one. */
  const moveOn = (name: string, given: Answers) => {
    const place = questions.findIndex((question) => question.name === name);
    const order = [...questions.slice(place + 1), ...questions.slice(0, place)];
    const target = order.find((question) => isRequired(question) && !isAnswered(given[question.name]));
    if (target === undefined) return;
    if (kindOf(target)?.byDigit === undefined) focusQuestion(target.name);
    else {
      setActive(target.name);
      document.getElementById(fieldsetId(target.name))?.scrollIntoView({ block: "nearest" });
    }
  };

  return { active, setActive, next: () => step(1), previous: () => step(-1), moveOn, focusQuestion };
}
