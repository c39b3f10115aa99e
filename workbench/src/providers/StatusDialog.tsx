/** May this provider be shown anything? The status says so, and the effect of the change is told at once. */

import { useState, type FormEvent } from "react";
import { messageOf } from "../api/client";
import type { Provider, ProviderStatus } from "../api/types";
import { Dialog } from "../app/Dialog";
import { Outcome } from "./Outcome";
import { useChangeProvider } from "./useChangeProvider";

const CHOICES: [ProviderStatus, string][] = [
  ["trial", "gold and trial tasks only"],
  ["active", "any task it may be shown"],
  ["suspended", "nothing more until resumed; what it holds goes back to the queue"],
];

export function StatusDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const [status, setStatus] = useState(provider.status);
  const change = useChangeProvider(provider.slug);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ status });
  };
  if (change.data !== undefined) {
    return (
      <Dialog title={`${provider.name} is ${change.data.status}`} close={close}>
        <Outcome provider={change.data} />
      </Dialog>
    );
  }
  return (
    <Dialog title={`Status of ${provider.name}`} close={close}>
      <form onSubmit={submit}>
        <fieldset>
          <legend className="visually-hidden">Status</legend>
          {CHOICES.map(([value, meaning]) => (
            <label key={value} className="check">
              <input type="radio" name="status" checked={status === value} onChange={() => setStatus(value)} />
              <span>
                {value} <span className="meta">{meaning}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {change.isError && (
          <p className="problem" role="alert">
            {messageOf(change.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={change.isPending || status === provider.status}>
            Change the status
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
