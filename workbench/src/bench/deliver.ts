/** What became of an answer that was sent? Sending it again is harmless: its Idempotency-Key makes it count once. */

import { ApiError, post } from "../api/client";
import type { Assignment } from "../api/types";
import { dropEntry, keepRefused, type Entry } from "./outbox";

export type Delivery =
  | { state: "taken"; next: Assignment[] }
  | { state: "refused"; error: ApiError; why: string }
  | { state: "signed-out" }
  | { state: "later" };

interface SubmitAnswer {
  judgment: string;
  next: Assignment[];
}

export async function deliver(entry: Entry): Promise<Delivery> {
  const path = `/api/assignments/${encodeURIComponent(entry.assignment)}/${entry.send.kind}`;
  try {
    const answer = await post<SubmitAnswer | undefined>(path, entry.send.body, { "Idempotency-Key": entry.key });
    return { state: "taken", next: answer?.next ?? [] };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return { state: "signed-out" };
    if (error.passing) return { state: "later" };
    const lost = error.code === "lease_lost";
    const why = lost ? "Someone else has this task now; your draft is kept." : `${error.message} Your draft is kept.`;
    return { state: "refused", error, why };
  }
}

/** Keep a refused answer with the reason, so that nothing a person did is lost. */
export function setAside(entry: Entry, why: string): void {
  dropEntry(entry);
  if (entry.send.kind !== "submit") return;
  const { assignment, project, task, person } = entry;
  keepRefused(person, { assignment, project, task, answers: entry.send.body.answers, why, at: Date.now() });
}
