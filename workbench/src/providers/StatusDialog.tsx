/** May this provider be shown anything? The status says so; what a change stops is told before it is made. */

import { useState } from "react";
import { patch } from "../api/client";
import { providerPath } from "../api/queries";
import type { Provider, ProviderStatus } from "../api/types";
import { Dialog } from "../app/Dialog";
import { PreviewedForm } from "../organisations/PreviewedForm";
import type { Preview } from "../organisations/types";
import { asPreview, usePreviewed } from "../organisations/usePreviewed";

const CHOICES: [ProviderStatus, string][] = [
  ["trial", "gold and trial tasks only"],
  ["active", "any task it may be shown"],
  ["suspended", "nothing more until resumed; what it holds goes back to the queue"],
];

export function StatusDialog({ provider, close }: { provider: Provider; close: () => void }) {
  const [status, setStatus] = useState(provider.status);
  const flow = usePreviewed(
    (wanted: ProviderStatus, preview: boolean) => patch(asPreview(providerPath(provider.slug), preview), { status: wanted }) as Promise<Preview>,
  );
  return (
    <Dialog title={flow.done === undefined ? `Status of ${provider.name}` : `${provider.name} is ${status}`} close={close}>
      <PreviewedForm flow={flow} read={() => status} confirm="Change the status" disabled={status === provider.status}>
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
      </PreviewedForm>
    </Dialog>
  );
}
