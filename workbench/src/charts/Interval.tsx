/** How good, and how sure are we? A dot on its interval, from `floor` to 1, with the figures beside it. */

import type { Estimate } from "../api/types";
import { count, percent } from "../app/format";

const WIDTH = 160;
const HEIGHT = 18;
const PAD = 6;

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
  const place = (value: number) =>
    PAD + ((Math.min(1, Math.max(floor, value)) - floor) / Math.max(1e-9, 1 - floor)) * (WIDTH - 2 * PAD);
  const words = `${percent(estimate.value)} (${percent(estimate.low)} to ${percent(estimate.high)}), n ${count(estimate.n)}`;
  return (
    <span className="interval">
      <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        <line className="axis" x1={PAD} x2={WIDTH - PAD} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        {[floor, 1].map((end) => (
          <line key={end} className="axis" x1={place(end)} x2={place(end)} y1={5} y2={HEIGHT - 5} />
        ))}
        <line className="reach" x1={place(estimate.low)} x2={place(estimate.high)} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <circle className="dot" cx={place(estimate.value)} cy={HEIGHT / 2} r={4} />
      </svg>
      <span className="figures">
        <strong>{percent(estimate.value)}</strong>{" "}
        <span className="meta">
          {percent(estimate.low)} to {percent(estimate.high)}, n {count(estimate.n)}
          {by === undefined ? "" : `, ${by}`}
        </span>
      </span>
    </span>
  );
}
