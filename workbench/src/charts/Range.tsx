/** How much money, or how many days, and how sure is that? A dot on its interval from zero to a common end. */

import { roughly } from "../app/format";
import { Reach } from "./Reach";

export interface Figures {
  value: number;
  low: number;
  high: number;
}

/** Of decimal strings or numbers; null where there is none. */
export function figuresOf(ranged: { value: string | number; low: string | number; high: string | number } | null | undefined): Figures | null {
  if (ranged == null) return null;
  const figures = { value: Number(ranged.value), low: Number(ranged.low), high: Number(ranged.high) };
  return Object.values(figures).some(Number.isNaN) ? null : figures;
}

/** The common right end of a column of plots. */
export const commonEnd = (column: (Figures | null)[]): number => Math.max(0, ...column.map((figures) => figures?.high ?? 0));

const UNITS: [string, number][] = [
  ["days", 1],
  ["hours", 24],
  ["minutes", 24 * 60],
];

/** Days in the unit in which they read best. */
function timely({ value, low, high }: Figures): { unit: string; figures: Figures } {
  const [unit, times] = UNITS.find(([, each]) => value * each >= 1 || each === 24 * 60) ?? ["days", 1];
  return { unit, figures: { value: value * times, low: low * times, high: high * times } };
}

/** How long: days on a common scale, written as hours or minutes where they are few. */
export function Span({ days, end, because }: { days: Figures | null; end?: number; because?: string | null }) {
  if (days === null) return <Range figures={null} unit="" because={because} />;
  const { unit, figures } = timely(days);
  const scale = end === undefined ? undefined : (end * figures.value) / days.value;
  return <Range figures={figures} unit={unit} end={days.value > 0 ? scale : undefined} />;
}

interface RangeProps {
  figures: Figures | null;
  unit: string;
  /** The right end of the scale; without it the figures stand alone. */
  end?: number;
  because?: string | null;
}

export function Range({ figures, unit, end, because }: RangeProps) {
  if (figures === null) return <span className="meta because">{because ?? "cannot be said yet"}</span>;
  const { value, low, high } = figures;
  const sure = roughly(low) === roughly(high);
  const range = sure ? "" : `${roughly(low)} to ${roughly(high)}`;
  return (
    <span className="interval">
      {end !== undefined && end > 0 && (
        <Reach {...figures} from={0} to={end} width={110} words={`${roughly(value)} ${unit}${range === "" ? "" : ` (${range})`}`} />
      )}
      <span className="figures">
        <strong>
          {roughly(value)} {unit}
        </strong>{" "}
        {range !== "" && <span className="meta">{range}</span>}
      </span>
    </span>
  );
}
