/** Which options does a question offer? A tree in the order of the form; only leaves are answers and carry a key. */

import type { Option, Question } from "../api/types";

export interface OptionRow {
  value: string;
  title: string;
  description?: string;
  depth: number;
  leaf: boolean;
  /** Place among the leaves, from 0; -1 for a heading. */
  index: number;
}

export function optionRows(question: Question): OptionRow[] {
  const rows: OptionRow[] = [];
  let leaves = 0;
  const walk = (options: Option[], depth: number) => {
    for (const option of options) {
      if (typeof option === "string") {
        rows.push({ value: option, title: option, depth, leaf: true, index: leaves++ });
        continue;
      }
      const leaf = option.options === undefined || option.options.length === 0;
      rows.push({
        value: option.value,
        title: option.title ?? option.value,
        description: option.description,
        depth,
        leaf,
        index: leaf ? leaves++ : -1,
      });
      if (option.options !== undefined) walk(option.options, depth + 1);
    }
  };
  walk(question.options ?? [], 0);
  return rows;
}

export const leaves = (question: Question): OptionRow[] => optionRows(question).filter((row) => row.leaf);

export function titleOf(question: Question, value: string): string {
  return leaves(question).find((row) => row.value === value)?.title ?? value;
}

/** Options that are digits themselves are pressed by their own key, whatever their place. */
function areDigits(rows: OptionRow[]): boolean {
  return rows.every((row) => /^\d$/.test(row.value));
}

/** The digit that presses the thing at this place: 1 to 9, then 0 for the tenth. */
export function digitAt(index: number): string | undefined {
  return index >= 0 && index < 10 ? String((index + 1) % 10) : undefined;
}

/** The place that a digit presses: 1 is the first, 0 the tenth. */
export const placeOf = (digit: string): number => (Number(digit) + 9) % 10;

/** The key of every leaf, by its value. */
export function optionKeys(question: Question): Map<string, string> {
  const rows = leaves(question);
  const named = areDigits(rows);
  return new Map(rows.flatMap((row) => {
    const key = named ? row.value : digitAt(row.index);
    return key === undefined ? [] : [[row.value, key]];
  }));
}

export function optionByKey(question: Question, digit: string): string | undefined {
  return [...optionKeys(question)].find(([, key]) => key === digit)?.[0];
}

/** The grades of a rating, 1 to 5 unless said. */
export function grades(question: Question): number[] {
  const low = question.min ?? 1;
  const high = question.max ?? 5;
  const step = question.step !== undefined && question.step > 0 ? question.step : 1;
  const found: number[] = [];
  for (let grade = low; grade <= high && found.length < 101; grade += step) found.push(grade);
  return found;
}
