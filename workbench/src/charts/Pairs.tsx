/** How large is each part, by two measures? Two thin bars a row from a zero baseline, the figures beside them. */

import type { ReactNode } from "react";
import { percent } from "../app/format";

interface ShareBarsProps {
  share: number | null | undefined;
  /** The second measure, drawn below the first; left out where it is not given. */
  other?: number | null;
  label: string;
  names?: [string, string];
  note?: ReactNode;
}

/** What the two bars are, said once above a column of them. */
export function PairsKey({ names }: { names: [string, string] }) {
  return (
    <span className="pairs-key meta">
      <span className="swatch first" aria-hidden="true" /> {names[0]} <span className="swatch second" aria-hidden="true" /> {names[1]}
    </span>
  );
}

export function Pairs({ share, other, label, names = ["answers", "weight"], note }: ShareBarsProps) {
  const width = (part: number) => `${Math.max(0, Math.min(1, part)) * 100}%`;
  const words = `${label}: ${percent(share)}${other == null ? "" : ` of the ${names[0]}, ${percent(other)} of the ${names[1]}`}`;
  return (
    <span className="pairs">
      <span className="pair" role="img" aria-label={words}>
        <span className="first" style={{ width: width(share ?? 0) }} />
        {other != null && <span className="second" style={{ width: width(other) }} />}
      </span>
      <span className="figures tabular">
        {percent(share)}
        {other != null && <span className="meta"> {percent(other)}</span>}
        {note}
      </span>
    </span>
  );
}
