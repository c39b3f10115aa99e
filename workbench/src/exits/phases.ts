/** How far is a phase-out? Its parts by the clock. */

import type { PhaseOut } from "./types";

/** What part of its first share the provider may do now; all of it before the first step. */
export function partNow(phaseOut: PhaseOut, now = Date.now()): number {
  if (phaseOut.part != null) return phaseOut.part;
  const begun = phaseOut.steps.filter((step) => new Date(step.at).getTime() <= now);
  return begun[begun.length - 1]?.part ?? 1;
}

/** Which step runs now; -1 before the first. */
export const stepNow = (phaseOut: PhaseOut, now = Date.now()): number =>
  phaseOut.steps.filter((step) => new Date(step.at).getTime() <= now).length - 1;
