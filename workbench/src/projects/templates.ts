/** What can a first form look like? One start a question kind, filled from a few plain fields. */

import type { Form, Question } from "../api/types";

export interface Template {
  kind: string;
  title: string;
  example: string;
  needs: ("options" | "range" | "unit")[];
}

export const TEMPLATES: Template[] = [
  { kind: "choice", title: "One of several", example: "Is this mail spam?", needs: ["options"] },
  { kind: "choices", title: "Any of several", example: "Which of these are in the picture?", needs: ["options"] },
  { kind: "rating", title: "A grade", example: "How helpful is this answer?", needs: ["range"] },
  { kind: "number", title: "A number", example: "How many cars are there?", needs: ["unit"] },
  { kind: "text", title: "Free text", example: "What does the sign say?", needs: [] },
];

export interface TemplateFields {
  title: string;
  /** One option a line. */
  options: string;
  min: string;
  max: string;
  unit: string;
}

const figure = (typed: string): number | undefined => (typed.trim() === "" || Number.isNaN(Number(typed)) ? undefined : Number(typed));

export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

export function formFrom(template: Template, fields: TemplateFields): Form {
  const question: Question = { name: "label", kind: template.kind };
  if (fields.title.trim() !== "") question.title = fields.title.trim();
  if (template.needs.includes("options")) question.options = [...new Set(linesOf(fields.options))];
  if (template.needs.includes("range")) {
    question.min = figure(fields.min) ?? 1;
    question.max = figure(fields.max) ?? 5;
  }
  if (template.needs.includes("unit") && fields.unit.trim() !== "") question.unit = fields.unit.trim();
  return { questions: [question] };
}
