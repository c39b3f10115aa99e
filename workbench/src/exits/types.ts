/** What is leaving made of? The shapes of plans, exits, certificates, phase-outs, reinstatements and drills. */

import type { Contract, Interest, Json } from "../api/types";
import type { ProjectDependence, Ranged } from "../dependence/types";
import type { ExposureCounts } from "../exposure/types";

export interface PlanProject extends ProjectDependence {
  queued?: number;
  stranded?: number;
  derivatives?: string | null;
}

export interface PlanRelease {
  project: string;
  version: string | number;
  path?: string | null;
  at?: string | null;
  there?: boolean;
  judgments?: number;
  contents?: number;
  rows?: number;
  rows_lost?: number | null;
  latest?: boolean;
}

/** One way to have the work done without the provider. */
export interface Mix {
  name: string;
  title: string;
  providers: { provider: string; share: number }[];
  cost: Ranged<string> | null;
  days: Ranged<number> | null;
  date: string | null;
  because: string | null;
  stranded?: number;
}

export interface RevokedKey {
  id: string;
  name: string;
  role: string;
  last4: string;
  world?: string;
}

export interface Plan {
  provider: string;
  name?: string;
  status: string;
  at?: string;
  world?: string;
  in_flight: number;
  queued?: number;
  stranded?: number;
  exposed: number;
  exposure?: ExposureCounts | null;
  judgments: number;
  share: number | null;
  projects: PlanProject[];
  releases: PlanRelease[];
  replacement_cost: string | null;
  replacement?: { answers: number; mixes: Mix[] } | null;
  /** Projects in which it has answered nothing, but could. */
  waiting?: { project: string; name: string; held?: number; queued: number; stranded: number }[];
  keys: number;
  revoke?: { keys: RevokedKey[]; sessions: number; links: number; callbacks: { what: string; where: string }[] } | null;
  contract?: Contract | null;
  interests?: Interest[];
  digest?: string;
}

export interface ExitOptions {
  answers: "withdraw" | "keep";
  rebuild: boolean;
  to: string[];
  backups: string[];
}

export type Detail = { [figure: string]: Json };

export interface ExitStep {
  name: string;
  state: "waiting" | "running" | "done" | "failed";
  by?: string | null;
  begun_at?: string | null;
  at: string | null;
  detail: Detail | null;
  error?: string | null;
}

export interface ExitEvent {
  step: string;
  what: string;
  by?: string | null;
  done_by?: string | null;
  at: string;
  detail?: Detail | null;
}

/** A provider that is being left, or was: its steps as they stand. */
export interface Exit {
  id: string;
  provider: string;
  name?: string;
  state: string;
  by?: string | null;
  at?: string | null;
  done_at?: string | null;
  plan?: Plan | null;
  options?: Partial<ExitOptions> | null;
  steps: ExitStep[];
  events?: ExitEvent[];
  certificate?: boolean;
  /** Did the certificate hold when it was made? */
  holds?: boolean | null;
}

export interface Check {
  name: string;
  title?: string;
  holds: boolean;
  found?: number | null;
  detail?: Json;
}

export interface CertifiedRelease {
  project: string;
  world?: string;
  version: string | number;
  path?: string;
  verified?: boolean;
  holds_nothing?: boolean;
  found?: string[];
}

export interface Certificate {
  format?: string;
  exit: string;
  provider: Json;
  at: string;
  holds: boolean;
  checks: Check[];
  remains: { what: string; where: string; count?: number | null; why?: string | null }[];
  releases: CertifiedRelease[];
  backups: Json[];
  digest?: string;
  signature?: Json;
}

/** What a provider that is phased out may still do in a project: `mine` of `of` answers in this step, `allowed` at most. */
export interface Limit {
  project: string;
  name?: string;
  first_share: number;
  share: number;
  mine: number;
  of: number;
  allowed?: number;
  stranded?: number;
}

export interface PhaseOut {
  id: string;
  provider: string;
  state: "running" | "done" | "ended";
  starts: string;
  ends: string;
  ended_at?: string | null;
  by?: string | null;
  /** What part of its first share it may do now; null before the start. */
  part?: number | null;
  steps: { at: string; part: number }[];
  limits?: Limit[];
  options?: Partial<ExitOptions> | null;
  exit?: string | null;
}

export interface Reinstatement {
  provider: string;
  /** The next step back; null for one that was not left. */
  next?: "trial" | "active" | null;
  may: boolean;
  /** `step`: of which step it is a condition. */
  conditions: { name: string; title?: string; holds: boolean; detail?: Json; step?: "trial" | "active" }[];
  answers?: string;
}

interface Worth {
  tasks: number;
  settled: number;
  confidence: number | null;
  below_target: number | null;
}

export interface DrillReport {
  steps: { name: string; ms: number | null; detail?: Detail | null; error?: string | null }[];
  certificate?: { holds: boolean; checks: Check[] } | null;
  projects: { project: string; name?: string; before: Worth; after: Worth }[];
  plan?: Plan | null;
  against_plan?: { what: string; planned: number | null; done: number | null }[];
  copied?: { database_bytes: number; ms: number } | null;
}

export interface Drill {
  id: string;
  provider: string;
  state: "waiting" | "running" | "done" | "failed";
  by?: string | null;
  at: string;
  done_at?: string | null;
  error?: string | null;
  holds?: boolean | null;
  report?: DrillReport | null;
  schedule?: { every_days: number; next_at: string } | null;
}
