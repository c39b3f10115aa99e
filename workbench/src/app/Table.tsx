/** Which rows, and what of each? A table that scrolls by itself where it is too wide, by keyboard too. */

import { useEffect, useRef, useState, type ReactNode } from "react";

export interface Column<Row> {
  title: ReactNode;
  cell: (row: Row, index: number) => ReactNode;
  as?: "head" | "number" | "nowrap";
}

interface TableProps<Row> {
  caption: string;
  /** Is the caption seen, or only read out? */
  captioned?: boolean;
  columns: (Column<Row> | false | null | undefined)[];
  rows: Row[];
  keyOf: (row: Row, index: number) => string;
  narrow?: boolean;
  rowClass?: (row: Row) => string | undefined;
}

export function Table<Row>({ caption, captioned = false, columns, rows, keyOf, narrow = false, rowClass }: TableProps<Row>) {
  const shown = columns.filter((column) => column !== false && column != null);
  return (
    <Scroll label={caption}>
      <table className={narrow ? "narrow" : undefined}>
        <caption className={captioned ? undefined : "visually-hidden"}>{caption}</caption>
        <thead>
          <tr>
            {shown.map((column, place) => (
              <th key={place} scope="col" className={column.as === "number" ? "number" : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)} className={rowClass?.(row)}>
              {shown.map((column, place) =>
                column.as === "head" ? (
                  <th key={place} scope="row">
                    {column.cell(row, index)}
                  </th>
                ) : (
                  <td key={place} className={column.as}>
                    {column.cell(row, index)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Becomes a stop for the Tab key only while something of it is out of sight. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const box = element.current;
    if (box === null) return;
    const watch = new ResizeObserver(() => setOverflows(box.scrollWidth > box.clientWidth + 1));
    watch.observe(box);
    if (box.firstElementChild !== null) watch.observe(box.firstElementChild);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={element} className="table-scroll" {...(overflows ? { role: "region", "aria-label": label, tabIndex: 0 } : {})}>
      {children}
    </div>
  );
}
