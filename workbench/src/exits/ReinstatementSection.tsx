/** May it come back? What must hold, what of it does, and the way back, which leads to a trial. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { messageOf, post } from "../api/client";
import { providerPath } from "../api/queries";
import type { Provider } from "../api/types";
import { Load } from "../app/Load";
import { Section } from "../app/Page";
import { Checks } from "./Checks";
import { useReinstatement } from "./queries";
import type { Reinstatement } from "./types";

const VERDICTS: [string, string] = ["met", "not met"];

/** Of a provider that was left. */
export function ReinstatementSection({ provider }: { provider: Provider }) {
  const reinstatement = useReinstatement(provider.slug);
  return (
    <Section title="Before it may come back">
      <Load query={reinstatement}>
        {(data) => {
          const { conditions } = data;
          const later = conditions.filter(({ step }) => step === "active");
          return (
            <>
              <Checks checks={conditions.filter(({ step }) => step !== "active")} verdicts={VERDICTS} />
              <ComeBack provider={provider} reinstatement={data} />
              {later.length > 0 && (
                <>
                  <h3>On trial, before it is active again</h3>
                  <Checks checks={later} verdicts={["met", "later"]} later />
                </>
              )}
            </>
          );
        }}
      </Load>
    </Section>
  );
}

/** Of a provider that came back and is on trial; of any other there is nothing to say. */
export function OnItsWayBack({ provider }: { provider: Provider }) {
  const reinstatement = useReinstatement(provider.slug).data;
  if (reinstatement?.next !== "active") return null;
  return (
    <Section title="Before it is active again">
      <p className="measure">It was left and is back on trial. {reinstatement.answers ?? ""}</p>
      <Checks checks={reinstatement.conditions} verdicts={VERDICTS} />
    </Section>
  );
}

function ComeBack({ provider, reinstatement }: { provider: Provider; reinstatement: Reinstatement }) {
  const client = useQueryClient();
  const [, go] = useLocation();
  const [because, setBecause] = useState("");
  const [force, setForce] = useState(false);
  const back = useMutation({
    mutationFn: () => {
      const said = because.trim() === "" ? {} : { because: because.trim() };
      return post<Provider>(providerPath(provider.slug, "/reinstatement"), force ? { ...said, force } : said);
    },
    onSuccess: async () => {
      await client.invalidateQueries();
      go(`/providers/${provider.slug}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    back.mutate();
  };
  return (
    <form onSubmit={submit} className="narrow">
      <label htmlFor="reinstate-because">
        Why it comes back <span className="meta">kept on its record</span>
      </label>
      <input id="reinstate-because" type="text" autoComplete="off" value={because} onChange={(event) => setBecause(event.target.value)} />
      {!reinstatement.may && (
        <label className="check">
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          <span>
            Although a condition is not met <span className="meta">the reason above then stands for it</span>
          </span>
        </label>
      )}
      {back.isError && (
        <p className="problem" role="alert">
          {messageOf(back.error)}
        </p>
      )}
      <p>
        <button type="submit" disabled={back.isPending || !(reinstatement.may || (force && because.trim() !== ""))}>
          Take it back, on trial
        </button>
      </p>
      <p className="meta">It is shown gold and trial tasks only. {reinstatement.answers ?? "Its answers stay withdrawn and its keys revoked."}</p>
    </form>
  );
}
