/** What was checked, and does it hold? A word for each, and what speaks against it. */

import type { Json } from "../api/types";
import { count, spaced } from "../app/format";
import { words } from "./words";

interface CheckListProps {
  checks: { name: string; title?: string; holds: boolean; found?: number | null; detail?: Json }[];
  /** The two words, where they are others. */
  verdicts?: [string, string];
  /** What does not hold yet need not. */
  later?: boolean;
}

export function Checks({ checks, verdicts = ["holds", "does not hold"], later = false }: CheckListProps) {
  return (
    <ul className="checks">
      {checks.map((check) => (
        <li key={check.name} className={check.holds ? "holds" : later ? "later" : "fails"}>
          <span className="verdict">{check.holds ? verdicts[0] : verdicts[1]}</span>
          <span>
            {check.title ?? spaced(check.name)}
            {!check.holds && (check.found ?? 0) > 0 && <strong> {count(check.found)} found</strong>}
            {check.detail != null && check.detail !== "" && <span className="meta block">{words(check.detail)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
