/** How much is left that nobody else may answer? Marked where it is anything. */

import { count } from "../app/format";

export function Stranded({ count: waiting }: { count: number | null | undefined }) {
  return (waiting ?? 0) > 0 ? <span className="tag attention">{count(waiting)}</span> : <>{count(waiting)}</>;
}
