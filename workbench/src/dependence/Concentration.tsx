/** How concentrated is the work? The HHI, with the number of equal providers that would give the same. */

import { count, roughly } from "../app/format";
import { Figure } from "../app/Page";
import type { Concentration as Hhi } from "./types";

const MOST = 10_000;

/** "as if 1.9 equal ones" */
export function asIf(hhi: number | null | undefined): string {
  if (hhi == null || hhi <= 0) return "";
  const equal = Math.round((MOST / hhi) * 10) / 10;
  return equal <= 1 ? "one has it all" : `as if ${roughly(equal)} equal ones`;
}

export function ConcentrationFigures({ hhi }: { hhi: Hhi | null | undefined }) {
  if (hhi == null) return null;
  return (
    <>
      <Figure name="Concentration on providers (HHI)" value={count(hhi.providers)} note={asIf(hhi.providers)} />
      <Figure name="Concentration on sources (HHI)" value={count(hhi.sources)} note={asIf(hhi.sources)} />
    </>
  );
}
