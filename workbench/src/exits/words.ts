/** How is said what a step or a check has found? Figures with their names; lists by what they hold. */

import type { Json } from "../api/types";
import { count, percent, spaced } from "../app/format";

function named(value: { [field: string]: Json }): string {
  const name = [value.name ?? value.project ?? value.provider ?? value.what, value.version].filter((part) => part != null).map(String).join(" ");
  const rest = Object.entries(value).filter(([field, figure]) => typeof figure === "number" && field !== "version");
  const figures = rest.map(([field, figure]) => `${spaced(field)} ${words(figure)}`).join(", ");
  if (name === "") return Object.entries(value).map(([field, inner]) => `${spaced(field)} ${words(inner)}`).join(", ");
  return figures === "" ? name : `${name} (${figures})`;
}

export function words(value: Json | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : value > 0 && value < 1 ? percent(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(words).join(", ");
  return typeof value === "object" ? named(value) : value;
}

const empty = (value: Json): boolean => value === null || value === 0 || value === "" || (Array.isArray(value) && value.length === 0);

/** "12 recalled, 3 sessions, at the provider: stopped"; what is nothing is left out. */
export function detailWords(detail: { [field: string]: Json } | null | undefined): string {
  return Object.entries(detail ?? {})
    .filter(([, value]) => !empty(value))
    .map(([field, value]) => (typeof value === "number" ? `${words(value)} ${spaced(field)}` : `${spaced(field)}: ${words(value)}`))
    .join(", ");
}

const STEPS: Record<string, string> = {
  stop: "Shown nothing more; what it held goes back",
  recall: "Called back, at the provider too where that can be",
  revoke: "Keys, sessions, links and callbacks end",
  reroute: "Its part of the work goes to others",
  withdraw: "Its answers are withdrawn",
  reorder: "What fell short is ordered anew",
  rebuild: "Releases are built without it",
  certificate: "What is there now is checked",
};

/** What a step is for; when the answers are kept, the step that would withdraw them leaves them. */
export const stepTitle = (name: string, answers?: string): string =>
  name === "withdraw" && answers === "keep" ? "Its answers are kept" : (STEPS[name] ?? spaced(name));

const REMEDIES: Record<string, string> = {
  recall: "The work is back here in any case. If the provider cannot be reached, stop the work on its side by hand.",
  reroute: "Name who is to take its part in the policy of the project.",
  reorder: "Look at the project: somebody must be left who may answer.",
  rebuild: "See that the folder of the release can be written and has room.",
  certificate: "Look at the checks that do not hold.",
};

/** What to do when a step has failed. */
export const remedy = (name: string): string =>
  `${REMEDIES[name] ?? ""} It is tried again by itself, ever less often; what was done is not done twice.`.trim();
