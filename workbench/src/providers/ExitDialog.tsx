/** What would leaving this provider do? First the plan, which changes nothing; then, for its name typed out, the leaving itself. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, post } from "../api/client";
import type { Exit, Json, Provider } from "../api/types";
import { Dialog } from "../app/Dialog";
import { count, money } from "../app/format";
import { Load } from "../app/Load";
import { useSignedIn } from "../app/session";
import { ExitSteps } from "./ExitSteps";

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

/** The figures of a project that tell what leaving means for it. */
const FIGURES: Record<string, string> = { judgments: "judgments", only_provider_tasks: "answered by it alone" };

/** A thing by its name, with those figures. */
function named(value: Json): string {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return words(value);
  const name = [value.name ?? value.project, value.version].filter((part) => part != null).map(words).join(" ");
  const figures = Object.entries(FIGURES).filter(([field]) => typeof value[field] === "number");
  const detail = figures.map(([field, title]) => `${words(value[field])} ${title}`).join(", ");
  return [name, detail === "" ? "" : `(${detail})`].filter((part) => part !== "").join(" ");
}

const exitPath = (slug: string): string => `/api/providers/${encodeURIComponent(slug)}/exit`;

export function ExitDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const { slug, name } = provider;
  const { currency } = useSignedIn();
  const client = useQueryClient();
  const plan = useQuery({
    queryKey: ["exit-plan", slug],
    queryFn: () => post<Plan>(exitPath(slug), { execute: false }),
    staleTime: 0,
    gcTime: 0,
  });
  const leave = useMutation({
    mutationFn: () => post<Exit>(exitPath(slug), { execute: true }),
    onSuccess: () => client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "exit-plan" }),
  });
  if (leave.data !== undefined) {
    return (
      <Dialog title={`Leaving ${name}`} close={close} wide>
        <ExitSteps begun={leave.data} />
      </Dialog>
    );
  }
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
            <p className="measure spaced">This is a plan; nothing has been changed.</p>
            {provider.status !== "exited" && slug !== "in-house" && (
              <LeaveForm name={name} leave={() => leave.mutate()} busy={leave.isPending} problem={leave.isError ? messageOf(leave.error) : null} />
            )}
          </>
        )}
      </Load>
    </Dialog>
  );
}

interface LeaveFormProps {
  name: string;
  leave: () => void;
  busy: boolean;
  problem: string | null;
}

/** It cannot be undone, so a key pressed by mistake must not be enough. */
function LeaveForm({ name, leave, busy, problem }: LeaveFormProps) {
  const [typed, setTyped] = useState("");
  const sure = typed.trim() === name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (sure && !busy) leave();
  };
  return (
    <form onSubmit={submit} className="leave">
      <h3>Leave it now</h3>
      <p className="measure">
        It is shown nothing more from this moment, what it holds goes back to the queue, its answers are withdrawn and its keys revoked. This
        cannot be undone.
      </p>
      <label htmlFor="leave-name">Type “{name}” to confirm</label>
      <input id="leave-name" type="text" autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />
      {problem !== null && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <footer>
        <button type="submit" className="danger" disabled={!sure || busy}>
          Leave this provider
        </button>
      </footer>
    </form>
  );
}
