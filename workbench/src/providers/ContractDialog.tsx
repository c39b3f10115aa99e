/** What was agreed with this provider? The fields that a register of outside providers asks for; an empty one is taken away. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, patch } from "../api/client";
import { providerPath } from "../api/queries";
import type { Contract, Json, Provider } from "../api/types";
import { Dialog } from "../app/Dialog";

type Name = "reference" | "function" | "starts" | "ends" | "notice_days" | "contact" | "data_location" | "subcontractors";

const FIELDS: [Name, string, string?][] = [
  ["reference", "Reference"],
  ["function", "What it does for us"],
  ["starts", "Begins"],
  ["ends", "Ends"],
  ["notice_days", "Notice in days"],
  ["contact", "Contact"],
  ["data_location", "Where its data lie"],
  ["subcontractors", "Subcontractors", "separated by commas"],
];

const written = (value: Json | undefined): string => (value == null ? "" : Array.isArray(value) ? value.join(", ") : String(value));

function read(name: Name, text: string): Json {
  const value = text.trim();
  if (value === "") return null;
  if (name === "notice_days") return Number(value);
  return name === "subcontractors" ? value.split(",").map((one) => one.trim()).filter((one) => one !== "") : value;
}

export function ContractDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const client = useQueryClient();
  const before: Contract = provider.contract ?? {};
  const [texts, setTexts] = useState<Partial<Record<Name, string>>>({});
  const [renews, setRenews] = useState(before.renews ?? false);
  const [critical, setCritical] = useState(before.critical ?? false);
  const textOf = (name: Name): string => texts[name] ?? written(before[name]);
  const save = useMutation({
    mutationFn: () => {
      const contract = Object.fromEntries(FIELDS.map(([name]) => [name, read(name, textOf(name))]));
      return patch<Provider>(providerPath(provider.slug), { contract: { ...contract, renews: renews || null, critical: critical || null } });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["provider", provider.slug] });
      close();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog title={`Contract with ${provider.name}`} close={close}>
      <form onSubmit={submit} noValidate>
        {FIELDS.map(([name, title, hint]) => (
          <div key={name} className="field">
            <label htmlFor={`contract-${name}`}>
              {title} {hint !== undefined && <span className="meta">{hint}</span>}
            </label>
            <input
              id={`contract-${name}`} autoComplete="off"
              type={name === "starts" || name === "ends" ? "date" : name === "notice_days" ? "number" : "text"}
              className={name === "starts" || name === "ends" || name === "notice_days" ? "short" : undefined}
              value={textOf(name)} onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
            />
          </div>
        ))}
        <label className="check">
          <input type="checkbox" checked={renews} onChange={(event) => setRenews(event.target.checked)} />
          It renews by itself unless notice is given
        </label>
        <label className="check">
          <input type="checkbox" checked={critical} onChange={(event) => setCritical(event.target.checked)} />
          What it does is critical or important
        </label>
        {save.isError && (
          <p className="problem" role="alert">
            {messageOf(save.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={save.isPending}>
            Save the contract
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
