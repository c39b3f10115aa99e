/** Under which rules is this project answered? The policy as it is stored, setting by setting. */

import type { Json, Policy } from "../api/types";

const MEANINGS: Record<string, string> = {
  answers: "answers wanted for each task",
  max_answers: "answers at most",
  target_confidence: "more answers are ordered until this confidence",
  gold_rate: "part of the claims that get a gold task",
  review_rate: "part of the tasks that are reviewed",
  review_below: "reviewed below this confidence",
  lease_s: "seconds a task is held",
  sensitivity: "who may see it at all",
  conflicts: "organisations that must not see it",
  stake: "share from which an interest conflicts",
  providers: "allowed providers",
  different_providers: "answers come from different providers",
  adjudicate: "disagreement goes to a reviewer",
  derivatives: "what happens to derived data on withdrawal",
  budget: "money at most",
};

function words(value: Json | undefined): string {
  if (value === null || value === undefined) return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "none named" : value.map(words).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([key, inner]) => `${key} ${words(inner)}`).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

export function PolicyView({ policy }: { policy: Policy }) {
  return (
    <table className="narrow">
      <caption className="visually-hidden">Policy</caption>
      <tbody>
        {Object.entries(policy).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td>{words(value)}</td>
            <td className="meta">{MEANINGS[name] ?? ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
