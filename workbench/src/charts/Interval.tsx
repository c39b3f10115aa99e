/** How good, and how sure are we? A dot on its interval, from `floor` to 1, with the figures beside it. */

import type { Estimate } from "../api/types";
import { count, percent } from "../app/format";
import { Reach } from "./Reach";

/** The common left end of a column of plots: the lowest interval, rounded down to a tenth. */
export function commonFloor(estimates: (Estimate | null)[]): number {
  const lows = estimates.filter((estimate) => estimate !== null).map((estimate) => estimate.low);
  return lows.length === 0 ? 0 : Math.max(0, Math.floor(Math.min(...lows) * 10 - 1e-9) / 10);
}

interface IntervalProps {
  estimate: Estimate | null;
  floor?: number;
  by?: string;
}

export function Interval({ estimate, floor = 0, by }: IntervalProps) {
  if (estimate === null) return <span className="meta">not measured yet</span>;
  const range = `${percent(estimate.low)} to ${percent(estimate.high)}`;
  return (
    <span className="interval">
      <Reach {...estimate} from={floor} to={1} words={`${percent(estimate.value)} (${range}), n ${count(estimate.n)}`} />
      <span className="figures">
        <strong>{percent(estimate.value)}</strong>{" "}
        <span className="meta">
          {range}, n {count(estimate.n)}
          {by === undefined ? "" : `, ${by}`}
        </span>
      </span>
    </span>
  );
}
