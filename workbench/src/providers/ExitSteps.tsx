/** How far is the leaving? Each step with what it has done, asked again until the last one is done. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { get } from "../api/client";
import type { Exit, ExitStep } from "../api/types";
import { count, when } from "../app/format";
import { Failure } from "../app/Load";
import { Status } from "../app/Page";

const EVERY_MS = 500;
const TITLES: Record<string, string> = {
  stop: "Shown nothing more; what it held went back",
  withdraw: "Its answers are withdrawn",
  revoke_keys: "Its keys are revoked",
};

function detailOf(step: ExitStep): string {
  return Object.entries(step.detail ?? {})
    .filter(([, figure]) => typeof figure === "number")
    .map(([name, figure]) => `${count(figure as number)} ${name.replace(/_/g, " ")}`)
    .join(", ");
}

const over = (exit: Exit): boolean => exit.state !== "running";

export function ExitSteps({ begun }: { begun: Exit }) {
  const client = useQueryClient();
  const exit = useQuery({
    queryKey: ["exit", begun.id],
    queryFn: ({ signal }) => get<Exit>(`/api/exits/${encodeURIComponent(begun.id)}`, signal),
    initialData: begun,
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data !== undefined && over(state.data) ? false : EVERY_MS),
  });
  const done = over(exit.data);
  useEffect(() => {
    // What it gave counts no more, on every page.
    if (done) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "exit" });
  }, [done, client]);
  return (
    <>
      <ol className="exit-steps" aria-label="Steps">
        {exit.data.steps.map((step) => (
          <li key={step.name}>
            <span className="grow">
              {TITLES[step.name] ?? step.name.replace(/_/g, " ")}
              {step.detail !== null && <span className="meta"> {detailOf(step)}</span>}
            </span>
            <span className="meta nowrap">{step.at === null ? "" : when(step.at)}</span>
            <Status value={step.state} />
          </li>
        ))}
      </ol>
      {exit.isError && <Failure error={exit.error} retry={() => void exit.refetch()} />}
      <p role="status" className="spaced">
        {done ? "It has been left. What it was shown stays on record." : "This goes on when the page is closed."}
      </p>
    </>
  );
}
