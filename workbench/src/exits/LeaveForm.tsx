/** Is it really to be left, now or by and by? Its name typed out says so: a key pressed by mistake must not be enough. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { messageOf, post } from "../api/client";
import { providerPath } from "../api/queries";
import type { Provider } from "../api/types";
import { Section } from "../app/Page";
import { Schedule } from "./Schedule";
import type { Exit, ExitOptions, PhaseOut } from "./types";

const WEEKS_MS = 6 * 7 * 86_400_000;
const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

interface LeaveFormProps {
  provider: Provider;
  options: ExitOptions;
  /** Is it being phased out already? Then it can only be left at once. */
  phasing: boolean;
}

export function LeaveForm({ provider, options, phasing }: LeaveFormProps) {
  const { slug, name } = provider;
  const client = useQueryClient();
  const [, go] = useLocation();
  const [slowly, setGradual] = useState(false);
  const gradual = slowly && !phasing;
  const [ends, setEnds] = useState(() => dateOf(Date.now() + WEEKS_MS));
  const [steps, setSteps] = useState("");
  const [typed, setTyped] = useState("");
  const order = { ends, options, ...(steps === "" ? {} : { steps: Number(steps) }) };

  const leave = useMutation({
    mutationFn: () => post<Exit>(providerPath(slug, "/exit"), { execute: true, ...options }),
    onSuccess: (exit) => go(`/exits/${exit.id}`),
  });
  const phaseOut = useMutation({
    mutationFn: () => post<PhaseOut>(providerPath(slug, "/phase-out"), order),
    onSuccess: async () => {
      setTyped("");
      await client.invalidateQueries();
      document.getElementById("phase-out")?.scrollIntoView();
    },
  });
  const preview = useMutation({ mutationFn: () => post<PhaseOut>(`${providerPath(slug, "/phase-out")}?preview=true`, order) });
  const change = (set: () => void) => {
    set();
    preview.reset();
  };
  const busy = leave.isPending || phaseOut.isPending;
  const sure = typed.trim() === name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (sure && !busy) (gradual ? phaseOut : leave).mutate();
  };
  const error = leave.error ?? phaseOut.error ?? preview.error;
  return (
    <Section title={phasing ? "Leave it at once instead" : "Leave it"}>
      <form onSubmit={submit} className="narrow leave">
        {!phasing && (
          <fieldset>
            <legend className="visually-hidden">When</legend>
            <label className="check">
              <input type="radio" name="when" checked={!gradual} onChange={() => setGradual(false)} />
              <span>
                At once <span className="meta">it is shown nothing more from this moment</span>
              </span>
            </label>
            <label className="check">
              <input type="radio" name="when" checked={gradual} onChange={() => setGradual(true)} />
              <span>
                By and by <span className="meta">its share of the work declines to a date, then it is left</span>
              </span>
            </label>
          </fieldset>
        )}
        {gradual && (
          <>
            <label htmlFor="leave-ends">Left on</label>
            <input id="leave-ends" type="date" className="short" value={ends} onChange={(event) => change(() => setEnds(event.target.value))} />
            <label htmlFor="leave-steps">
              Steps <span className="meta">one a week unless said</span>
            </label>
            <input id="leave-steps" type="number" className="short" min={1} max={52} value={steps} onChange={(event) => change(() => setSteps(event.target.value))} />
            <p>
              <button type="button" onClick={() => preview.mutate()} disabled={preview.isPending || ends === ""}>
                Preview the schedule
              </button>
            </p>
            {preview.data !== undefined && <Schedule phaseOut={preview.data} />}
          </>
        )}
        <p className="measure">
          {gradual
            ? "On that date all the rest happens by itself. Until then it can be ended, and the provider goes on as before."
            : "What it holds goes back to the queue, its keys are revoked and its answers dealt with as chosen above. This cannot be undone."}
        </p>
        <label htmlFor="leave-name">Type “{name}” to confirm</label>
        <input id="leave-name" type="text" autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />
        {error !== null && (
          <p className="problem" role="alert">
            {messageOf(error)}
          </p>
        )}
        <p>
          <button type="submit" className="danger" disabled={!sure || busy}>
            {gradual ? "Phase it out" : "Leave this provider"}
          </button>
        </p>
      </form>
    </Section>
  );
}
