/** What would leaving this provider do? The plan, which changes nothing; executing it stays with the command line. */

import { useQuery } from "@tanstack/react-query";
import { post } from "../api/client";
import type { Json } from "../api/types";
import { Dialog } from "../app/Dialog";
import { count, money } from "../app/format";
import { Load } from "../app/Load";
import { useSignedIn } from "../app/session";

type Plan = { [field: string]: Json };

const NAMES: [string, string][] = [
  ["in_flight", "Held now, goes back to the queue"],
  ["queued_behind", "Waiting for it alone, goes elsewhere"],
  ["exposed", "Tasks it was shown"],
  ["judgments", "Judgments it gave"],
  ["projects", "Projects concerned"],
  ["releases", "Releases with its data"],
  ["replacement_cost", "Cost to replace"],
  ["keys", "Keys revoked"],
];

function words(value: Json | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return count(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(named).join(", ");
  if (typeof value === "object") return named(value);
  return String(value);
}

/** A thing by its name; anything else by its fields. */
function named(value: Json): string {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return words(value);
  const name = [value.name ?? value.project, value.version].filter((part) => part != null).map(words).join(" ");
  const figures = Object.entries(value).filter(([, inner]) => typeof inner === "number");
  const detail = figures.map(([field, inner]) => `${field.replace(/_/g, " ")} ${words(inner)}`).join(", ");
  return [name, detail === "" ? "" : `(${detail})`].filter((part) => part !== "").join(" ");
}

export function ExitDialog({ slug, name, close }: { slug: string; name: string; close: () => void }) {
  const { currency } = useSignedIn();
  const plan = useQuery({
    queryKey: ["exit-plan", slug],
    queryFn: () => post<Plan>(`/api/providers/${encodeURIComponent(slug)}/exit`, { execute: false }),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <Dialog title={`If ${name} leaves`} close={close} wide>
      <Load query={plan}>
        {(data) => (
          <>
            <table className="narrow">
              <caption className="visually-hidden">Exit plan</caption>
              <tbody>
                {NAMES.filter(([field]) => data[field] !== undefined).map(([field, title]) => (
                  <tr key={field}>
                    <th scope="row">{title}</th>
                    <td>{field === "replacement_cost" && typeof data[field] === "string" ? money(data[field], currency) : words(data[field])}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p className="measure spaced">
              This is a plan; nothing has been changed. <code>steelyard exit {slug} --execute</code> carries it out.
            </p>
          </>
        )}
      </Load>
    </Dialog>
  );
}
