/** How does the share decline? Each step with its day and a bar; the one that runs now is marked. */

import { day, percent } from "../app/format";
import { stepNow } from "./phases";
import type { PhaseOut } from "./types";

export function Schedule({ phaseOut }: { phaseOut: PhaseOut }) {
  const now = stepNow(phaseOut);
  return (
    <table className="amounts schedule">
      <caption>Of its share when the phase-out begins</caption>
      <tbody>
        {phaseOut.steps.map((step, index) => (
          <tr key={step.at} className={index === now ? "marked" : undefined}>
            <th scope="row">
              {day(step.at)}
              {index === now && <span className="meta"> now</span>}
            </th>
            <td className="amount" aria-hidden="true">
              <span style={{ width: `${step.part * 100}%` }} />
            </td>
            <td className="number">{step.part === 0 ? "left" : percent(step.part, 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
