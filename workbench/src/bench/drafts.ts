/** What was answered but not submitted? A draft per assignment, or what was kept of the same task when it was refused. */

import type { Answers, Assignment } from "../api/types";
import { dropStored, readStored, storeKey, writeStored } from "./browserStore";
import { storedRefused } from "./outbox";

export interface Draft {
  answers: Answers;
  spent_ms: number;
}

export function loadDraft(person: string, project: string, assignment: Assignment): Draft | null {
  const draft = readStored<Draft>(storeKey("draft", person, assignment.id));
  if (draft !== null) return draft;
  const kept = storedRefused(person, project).find((refused) => refused.task === assignment.task.id);
  return kept === undefined ? null : { answers: kept.answers, spent_ms: 0 };
}

export function saveDraft(person: string, assignment: string, draft: Draft): void {
  if (Object.keys(draft.answers).length === 0) dropDraft(person, assignment);
  else writeStored(storeKey("draft", person, assignment), draft);
}

export function dropDraft(person: string, assignment: string): void {
  dropStored(storeKey("draft", person, assignment));
}
