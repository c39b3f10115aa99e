/** Who is to answer from now on? A name, how it works, what it costs, what it may see, and who owns it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { messageOf, post } from "../api/client";
import type { Provider } from "../api/types";
import { Dialog } from "../app/Dialog";
import { useSignedIn } from "../app/session";
import { OrganisationInput } from "../organisations/OrganisationInput";

const KINDS: [string, string][] = [
  ["people", "people who answer here or over the API"],
  ["model", "a model, run as a worker"],
  ["shipment", "answers that arrive in bulk"],
];
const CLEARANCES = ["public", "internal", "restricted", "secret"];

export function AddProviderDialog({ close }: { close: () => void }) {
  const { currency } = useSignedIn();
  const [, go] = useLocation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("people");
  const [price, setPrice] = useState("");
  const [clearance, setClearance] = useState("internal");
  const [owner, setOwner] = useState("");
  const [problem, setProblem] = useState<string | null>(null);

  const add = useMutation({
    mutationFn: () =>
      post<Provider>("/api/providers", {
        name: name.trim(),
        kind,
        clearance,
        ...(price.trim() === "" ? {} : { price: price.trim().replace(",", ".") }),
        ...(owner.trim() === "" ? {} : { owner: owner.trim() }),
      }),
    onSuccess: async (provider) => {
      await client.invalidateQueries({ queryKey: ["providers"] });
      close();
      go(`/providers/${provider.slug}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return setProblem("Give the provider a name.");
    setProblem(null);
    add.mutate();
  };

  const failure = problem ?? (add.isError ? messageOf(add.error) : null);
  return (
    <Dialog title="Add provider" close={close}>
      <form onSubmit={submit} noValidate>
        <label htmlFor="provider-name">Name</label>
        <input id="provider-name" type="text" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        <label htmlFor="provider-kind">Kind</label>
        <select id="provider-kind" value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.map(([value, meaning]) => (
            <option key={value} value={value}>
              {value}: {meaning}
            </option>
          ))}
        </select>
        <label htmlFor="provider-price">Price of a judgment{currency === undefined ? "" : `, in ${currency}`}</label>
        <input
          id="provider-price" type="text" inputMode="decimal" className="short" autoComplete="off" placeholder="0"
          value={price} onChange={(event) => setPrice(event.target.value)}
        />
        <label htmlFor="provider-clearance">Cleared for content that is at most</label>
        <select id="provider-clearance" value={clearance} onChange={(event) => setClearance(event.target.value)}>
          {CLEARANCES.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <label htmlFor="provider-owner">
          Owned by <span className="meta">an organisation that holds all of it, if any; stakes are recorded later</span>
        </label>
        <OrganisationInput id="provider-owner" value={owner} change={setOwner} />
        {failure !== null && (
          <p className="problem" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={add.isPending}>
            Add the provider
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
