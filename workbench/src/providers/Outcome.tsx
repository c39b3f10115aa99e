/** What did a change stop? The projects with the reason, and how many held tasks went back. */

import type { Provider } from "../api/types";
import { plural } from "../app/format";
import { Stopped } from "./ProviderPage";

export function Outcome({ provider }: { provider: Provider }) {
  const stopped = provider.newly_stopped ?? provider.stopped;
  return (
    <div role="status">
      <p>Recorded. {plural(provider.recalled ?? 0, "held task")} went back to the queue.</p>
      {stopped.length > 0 ? <Stopped stopped={stopped} /> : <p>Nothing has stopped by it.</p>}
    </div>
  );
}
