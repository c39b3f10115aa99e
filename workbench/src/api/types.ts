/** What does the server send? The shapes of /api that the pages read; a field that may be absent says so. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export type Role = "owner" | "manager" | "reviewer" | "annotator" | "machine";

export interface Person {
  id: string;
  name: string;
}

export interface Session {
  person: Person | null;
  role?: Role;
  world?: "live" | "test";
  provider?: { name: string; slug: string };
  currency?: string;
  version?: string;
  error?: string;
  /** Set by the page itself: the server said that the session is over. */
  ended?: boolean;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Option = string | { value: string; title?: string; description?: string; options?: Option[] };

export interface Question {
  name: string;
  kind: string;
  title?: string;
  description?: string;
  required?: boolean;
  options?: Option[];
  min?: number;
  max?: number;
  step?: number;
  unit?: string;
  tolerance?: number;
  max_length?: number;
  pattern?: string;
}

export interface Form {
  questions: Question[];
}

export type Answers = { [question: string]: Json };

export interface Block {
  type: string;
  text?: string;
  url?: string;
  alt?: string;
  messages?: { role: string; content: string }[];
}

export interface Content {
  blocks: Block[];
}

export interface Progress {
  tasks: number;
  settled: number;
  open: number;
  gold: number;
  judgments: number;
  wanted: number;
  held: number;
}

export type Policy = { [setting: string]: Json };

export interface ProjectProvider {
  name: string;
  slug: string;
  status: ProviderStatus;
  judgments: number;
  share: number | null;
  held?: number;
  in_flight?: number;
  /** Why it may be shown nothing here, where that is so. */
  stopped?: string | { because: string } | null;
}

export interface Project {
  name: string;
  slug: string;
  instruction: string | null;
  status: string;
  sensitivity?: string;
  created_at?: string;
  policy?: Policy;
  form: Form;
  progress?: Progress;
  mine?: { waiting: number; held: number; today: number } | null;
  settling?: { mode: "vote" | "fitted"; why: string };
  providers?: ProjectProvider[];
  batches?: { name: string; status: string; tasks: number }[];
  throughput?: { hour: string; judgments: number }[];
}

export interface Consensus {
  answers: Answers;
  confidence: number | null;
  tie?: boolean;
}

export interface TaskRow {
  id: string;
  external_id: string | null;
  status: string;
  answers: number;
  wanted: number;
  priority: number;
  gold: boolean;
  created_at: string;
  preview: string | null;
  consensus: Consensus | null;
}

export interface Judgment {
  id: string;
  provider: string;
  annotator: string;
  /** For those who may know who it was. */
  annotator_name?: string | null;
  answers: Answers;
  at: string;
  price?: string | null;
}

export interface TaskDetail {
  id: string;
  external_id?: string | null;
  status: string;
  /** null when it was erased. */
  content: Content | null;
  form: Form;
  judgments: Judgment[];
  consensus: Consensus | null;
}

export interface Assignment {
  id: string;
  lease_until: string;
  task: { id: string; content: Content; suggestion?: Answers | null };
  form: Form;
  instruction?: string | null;
}

export interface Claimed {
  assignments: Assignment[];
  /** Why there is nothing: "nothing" when all is done or held, "stopped" when the provider may see no more. */
  code?: string;
  because?: string;
}

export type ProviderStatus = "trial" | "active" | "suspended" | "exited";

export interface Estimate {
  value: number;
  low: number;
  high: number;
  n: number;
}

export interface Interest {
  organisation: string;
  share: number;
  since?: string | null;
}

/** A project whose tasks a provider is not shown, by slug and name, and why. */
export interface Stop {
  project: string;
  name?: string;
  because: string;
}

/** What was agreed with a provider; fields beyond these are shown as they are. */
export type Contract = {
  reference?: string | null;
  starts?: string | null;
  ends?: string | null;
  notice_days?: number | null;
  renews?: boolean | null;
  contact?: string | null;
  function?: string | null;
  critical?: boolean | null;
  data_location?: string | null;
  subcontractors?: string[] | null;
} & { [field: string]: Json | undefined };

export interface Provider {
  id: string;
  name: string;
  slug: string;
  kind: string;
  status: ProviderStatus;
  clearance: string;
  price: string | null;
  currency: string;
  interests: Interest[];
  stopped: Stop[];
  contract?: Contract | null;
  judgments: number;
  accuracy: (Estimate & { from: "gold" | "inferred" }) | null;
  cost_per_correct: string | null;
  spent: string | null;
}

export interface Scorecard {
  provider: string;
  price: string | null;
  currency: string;
  gold: Estimate | null;
  inferred: Estimate | null;
  cost_per_correct: string | null;
  spent: string | null;
  judgments: number;
  projects: {
    project: string;
    name?: string;
    question: string;
    judgments: number;
    gold: Estimate | null;
    inferred: Estimate | null;
    cost_per_correct: string | null;
  }[];
  annotators: { annotator: string; annotator_name?: string | null; judgments?: number; gold: Estimate | null; inferred: Estimate | null }[];
}

export interface Release {
  version: string;
  path: string;
  built_at: string;
  rows: number;
  without: string[];
  digest: string;
}

export interface Key {
  id: string;
  name: string;
  role: Role;
  mode: string;
  last4: string;
  provider: string | null;
  created_at: string;
  revoked_at: string | null;
}

export interface AdminPerson {
  id: string;
  name: string;
  email: string | null;
  provider: string | null;
  languages: string[];
  skills: string[];
  teams?: { id: string; name: string }[];
  keys: number;
  last_active_at: string | null;
  created_at: string;
}

export interface Settings {
  conflicts: string[];
  currency: string;
}
