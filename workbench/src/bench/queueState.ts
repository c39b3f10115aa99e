/** What does the bench show at one moment? The queue makes a new one of these at every change. */

import type { Problem } from "../api/client";
import type { Assignment } from "../api/types";
import type { Sent } from "./outbox";

export interface QueueState {
  phase: "starting" | "working" | "empty" | "failed";
  tasks: Assignment[];
  unsaved: number;
  retrying: boolean;
  /** Whether unsaved answers would survive closing the browser. */
  stored: boolean;
  failure: string | null;
  /** Why the server has nothing to hand out. */
  because: string | null;
  notice: string | null;
  problems: Record<string, Problem[]>;
  sent: Sent[];
  done: number;
}

export const EMPTY_BENCH: QueueState = {
  phase: "starting",
  tasks: [],
  unsaved: 0,
  retrying: false,
  stored: true,
  failure: null,
  because: null,
  notice: null,
  problems: {},
  sent: [],
  done: 0,
};
