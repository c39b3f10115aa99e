/** Which answers has the server not confirmed yet? Each is stored before it is sent and dropped after it arrived. */

import type { Answers, Assignment } from "../api/types";
import { dropStored, storeKey, storedUnder, writeStored } from "./browserStore";

export interface SubmitBody {
  answers: Answers;
  spent_ms: number;
  presentation: { width: number; height: number; zoomed: boolean };
  claim: 0 | 1;
}

export interface Entry {
  /** The Idempotency-Key: the same answer sent twice counts once. */
  key: string;
  person: string;
  project: string;
  assignment: string;
  task: string;
  at: number;
  send: { kind: "submit"; body: SubmitBody } | { kind: "return"; body: { reason: string } };
}

export function putEntry(entry: Entry): boolean {
  return writeStored(storeKey("outbox", entry.person, entry.key), entry);
}

export function dropEntry(entry: Entry): void {
  dropStored(storeKey("outbox", entry.person, entry.key));
}

export function storedEntries(person: string): Entry[] {
  return storedUnder<Entry>("outbox", person).sort((one, other) => one.at - other.at);
}

/** An answer that the server did not take, with why; kept until the person throws it away. */
export interface Refused {
  assignment: string;
  project: string;
  task: string;
  answers: Answers;
  why: string;
  at: number;
}

export function keepRefused(person: string, refused: Refused): void {
  writeStored(storeKey("refused", person, refused.assignment), refused);
}

export function dropRefused(person: string, assignment: string): void {
  dropStored(storeKey("refused", person, assignment));
}

export function storedRefused(person: string, project: string): Refused[] {
  return storedUnder<Refused>("refused", person)
    .filter((refused) => refused.project === project)
    .sort((one, other) => other.at - one.at);
}

/** An answer sent in this session, to look at again. */
export interface Sent {
  assignment: Assignment;
  answers: Answers;
  state: "sending" | "saved" | "refused" | "returned";
}
