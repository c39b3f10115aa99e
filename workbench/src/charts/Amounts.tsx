/** How much of each? A name, a bar from zero, the figure; a name can be chosen to see only that. */

import { count } from "../app/format";

const SHOWN = 12;

interface AmountsProps {
  title: string;
  rows: { key: string; name: string; value: number }[];
  choose?: (key: string) => void;
  write?: (value: number) => string;
}

export function Amounts({ title, rows, choose, write = count }: AmountsProps) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return (
    <table className="amounts">
      <caption>{title}</caption>
      <tbody>
        {rows.slice(0, SHOWN).map(({ key, name, value }) => (
          <tr key={key}>
            <th scope="row">
              {choose === undefined ? (
                name
              ) : (
                <button type="button" className="link" onClick={() => choose(key)}>
                  {name}
                </button>
              )}
            </th>
            <td className="amount" aria-hidden="true">
              <span style={{ width: `${(value / most) * 100}%` }} />
            </td>
            <td className="number">{write(value)}</td>
          </tr>
        ))}
        {rows.length > SHOWN && (
          <tr>
            <td colSpan={3} className="meta">
              and {count(rows.length - SHOWN)} more
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
