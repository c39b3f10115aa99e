/** What would be without somebody's answers? The figures of that, as columns of a table and as a sentence. */

import { count, percent, plural } from "../app/format";
import type { Column } from "../app/Table";
import type { Without } from "./types";

const NOT_YET = <span className="meta">not worked out yet</span>;

export function Confidences({ without }: { without: Without }) {
  return (
    <span className="nowrap">
      {percent(without.confidence_before)} <span aria-label="to">→</span> {percent(without.confidence_after)}
    </span>
  );
}

/** Columns for what changes; the first says it when nothing is known yet. */
export function withoutColumns<Row>(of: (row: Row) => Without | null | undefined): Column<Row>[] {
  const figure = (name: "values_changed" | "tasks_lost" | "below_target") => (row: Row) => {
    const without = of(row);
    return without == null ? "–" : <span className={without[name] > 0 ? undefined : "soft"}>{count(without[name])}</span>;
  };
  return [
    { title: "Values change", as: "number", cell: figure("values_changed") },
    { title: "Lose every answer", as: "number", cell: figure("tasks_lost") },
    { title: "Fall below target", as: "number", cell: figure("below_target") },
    {
      title: "Mean confidence",
      as: "nowrap",
      cell: (row) => {
        const without = of(row);
        return without == null ? NOT_YET : <Confidences without={without} />;
      },
    },
  ];
}

export function inWords(without: Without): string {
  const { tasks, values_changed, tasks_lost, below_target } = without;
  if (values_changed + tasks_lost + below_target === 0) return `No value of ${plural(tasks, "task")} changes.`;
  return `Of ${plural(tasks, "task")} with a value, ${count(values_changed)} change it, ${count(tasks_lost)} lose every answer and ${count(below_target)} fall below their target.`;
}
