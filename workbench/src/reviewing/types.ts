/** What does the server send to a reviewer, to who asks, and to who looks at own answers? */

import type { Answers, Content, Form } from "../api/types";

export interface ReviewItem {
  id: string;
  level: number;
  why: string;
  /** What an annotator said who asked for a reviewer. */
  said: string | null;
  lease_until: string;
  task: { id: string; content: Content | null };
  form: Form;
  project: string;
  instruction: string;
  answers: { judgment: string; by: string; answers: Answers }[];
  consensus: { answers: Answers; confidence: number; tie: boolean } | null;
}

export interface Claimed {
  items: ReviewItem[];
  code?: string;
  because?: string;
}

export interface Verdict {
  verdict: "accept" | "fix" | "reject";
  answers?: Answers;
  reason?: string;
  judgments?: string[];
}

export interface AskedQuestion {
  id: string;
  task: string;
  text: string;
  state: "open" | "answered";
  at: string;
  answered_at: string | null;
  asker: { annotator: string; name: string; provider: string } | null;
  answers: { text: string; by: string | null; at: string }[];
}

export interface Clarification {
  id: string;
  asked: string;
  answer: string;
  at: string;
}

export interface OwnAnswer {
  id: string;
  assignment: string;
  task: { id: string; content: Content | null };
  form: Form;
  answers: Answers;
  at: string;
  state: string;
  reason: string | null;
  revisable: boolean;
}
