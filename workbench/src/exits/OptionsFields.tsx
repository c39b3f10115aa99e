/** What becomes of its answers, who does its work, and which copies are out of reach? */

import { useProviders } from "../api/queries";
import type { ExitOptions } from "./types";

interface OptionsFieldsProps {
  slug: string;
  options: ExitOptions;
  change: (more: Partial<ExitOptions>) => void;
}

export function OptionsFields({ slug, options, change }: OptionsFieldsProps) {
  const providers = useProviders();
  const able = (providers.data?.items ?? []).filter((one) => one.slug !== slug && (one.status === "active" || one.status === "trial"));
  const toggle = (other: string) => change({ to: options.to.includes(other) ? options.to.filter((one) => one !== other) : [...options.to, other] });
  return (
    <div className="options-fields">
      <fieldset>
        <legend>Its answers</legend>
        <label className="check">
          <input type="radio" name="answers" checked={options.answers === "withdraw"} onChange={() => change({ answers: "withdraw" })} />
          <span>
            Withdraw them <span className="meta">they count no more; what falls short is ordered anew</span>
          </span>
        </label>
        <label className="check">
          <input type="radio" name="answers" checked={options.answers === "keep"} onChange={() => change({ answers: "keep" })} />
          <span>
            Keep them <span className="meta">they were paid for and go on counting</span>
          </span>
        </label>
        <label className="check">
          <input
            type="checkbox" checked={options.rebuild && options.answers === "withdraw"} disabled={options.answers === "keep"}
            onChange={(event) => change({ rebuild: event.target.checked })}
          />
          <span>
            Build the releases that hold them anew <span className="meta">a successor without it; what left before stays as it is</span>
          </span>
        </label>
      </fieldset>
      <fieldset>
        <legend>Who takes its part of the work</legend>
        {able.length === 0 && <p className="meta">There is nobody else yet.</p>}
        {able.map((one) => (
          <label key={one.slug} className="check">
            <input type="checkbox" checked={options.to.includes(one.slug)} onChange={() => toggle(one.slug)} />
            <span>
              {one.name} <span className="meta">{one.kind}, {one.status}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div>
        <label htmlFor="exit-backups">
          Backups that may still hold what it gave <span className="meta">one a line; the certificate names them</span>
        </label>
        <textarea
          id="exit-backups" rows={3} defaultValue={options.backups.join("\n")}
          onChange={(event) => change({ backups: event.target.value.split("\n").map((line) => line.trim()).filter((line) => line !== "") })}
        />
      </div>
    </div>
  );
}
