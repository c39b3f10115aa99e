/** How much, hour by hour? Bars from a zero baseline, the highest named, and the same figures as a table. */

import { useId, useState } from "react";
import { count } from "../app/format";

export interface Bar {
  label: string;
  value: number;
}

const WIDTH = 720;
const HEIGHT = 120;
const FLOOR = HEIGHT - 18;
const TOP = 16;

export function Bars({ bars, title, unit }: { bars: Bar[]; title: string; unit: string }) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  const highest = Math.max(0, ...bars.map((bar) => bar.value));
  const step = WIDTH / Math.max(1, bars.length);
  const peak = bars.findIndex((bar) => bar.value === highest);
  const every = Math.max(1, Math.ceil(bars.length / 8));
  return (
    <figure className="chart">
      {asTable ? (
        <BarsTable bars={bars} unit={unit} title={title} />
      ) : (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id}>
          <title id={id}>{`${title}: highest ${count(highest)} ${unit}`}</title>
          {bars.map((bar, index) => {
            const height = highest > 0 ? (bar.value / highest) * (FLOOR - TOP) : 0;
            const x = index * step;
            return (
              <g key={bar.label + index}>
                <rect className="bar" x={x + 1} width={Math.max(1, step - 2)} y={FLOOR - height} height={height}>
                  <title>{`${bar.label}: ${count(bar.value)} ${unit}`}</title>
                </rect>
                {index === peak && highest > 0 && (
                  <text className="value" x={Math.min(WIDTH - 12, Math.max(12, x + step / 2))} y={FLOOR - height - 4} textAnchor="middle">
                    {count(bar.value)}
                  </text>
                )}
                {index % every === 0 && (
                  <text x={x + 1} y={HEIGHT - 4}>
                    {bar.label}
                  </text>
                )}
              </g>
            );
          })}
          <line className="axis" x1={0} x2={WIDTH} y1={FLOOR} y2={FLOOR} />
        </svg>
      )}
      <figcaption>
        <button type="button" className="plain" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? "Show as chart" : "Show as table"}
        </button>
      </figcaption>
    </figure>
  );
}

function BarsTable({ bars, unit, title }: { bars: Bar[]; unit: string; title: string }) {
  return (
    <div className="table-scroll">
      <table>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">Hour</th>
            <th scope="col" className="number">
              {unit}
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar, index) => (
            <tr key={bar.label + index}>
              <th scope="row">{bar.label}</th>
              <td className="number">{count(bar.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
