/** What does a change stop? Every provider and project with the reason, and how many held tasks go back. */

import { useProjectNames } from "../api/queries";
import { plural } from "../app/format";
import type { Preview, Stopping } from "./types";

interface StopsProps {
  answer: Preview;
  /** Was the change made, or is this what it would do? */
  done: boolean;
}

export function Stops({ answer, done }: StopsProps) {
  const { stopped = [], resumed = [], organisations_made: made = [], recalled = 0 } = answer;
  return (
    <>
      {done && <p>Recorded. {plural(recalled, "held task")} went back to the queue.</p>}
      {stopped.length > 0 ? (
        <div className="notice attention">
          <p>
            <strong>{done ? "Stopped by it:" : "This stops at once:"}</strong>
          </p>
          <ul>
            {stopped.map((stop) => (
              <li key={keyOf(stop)}>
                <Place stop={stop} />: {stop.because}
                {(stop.held ?? 0) > 0 && ` (${plural(stop.held ?? 0, "held task")} ${done ? "went" : "go"} back)`}
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <p className="notice">{done ? "Nothing has stopped by it." : "Nothing would stop by it."}</p>
      )}
      {resumed.length > 0 && (
        <div className="notice">
          <p>
            <strong>{done ? "May go on again:" : "May then go on again:"}</strong>
          </p>
          <ul>
            {resumed.map((place) => (
              <li key={keyOf(place)}>
                <Place stop={place} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {made.length > 0 && (
        <p>
          {done ? "Made: " : "Not known before, and made by it: "}
          <strong>{made.join(", ")}</strong>.
        </p>
      )}
      {!done && (
        <p className="meta">
          Nothing has been changed yet. {recalled > 0 && `${plural(recalled, "held task")} would go back to the queue. `}
          It takes effect at once, whatever its date.
        </p>
      )}
    </>
  );
}

const keyOf = (stop: Pick<Stopping, "provider" | "project">): string => `${stop.provider ?? ""}/${stop.project}`;

function Place({ stop }: { stop: Omit<Stopping, "because"> }) {
  const projectName = useProjectNames();
  return (
    <>
      {stop.provider !== undefined && `${stop.name ?? stop.provider} in `}
      <strong>{stop.project_name ?? projectName(stop.project)}</strong>
      {stop.world === "test" && " (test world)"}
    </>
  );
}
