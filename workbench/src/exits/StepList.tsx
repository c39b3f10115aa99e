/** Which steps are there, and how does each stand? Who, when, how long, what it found; a failure with what to do. */

import { between, moment } from "../app/format";
import { Status } from "../app/Page";
import type { ExitStep } from "./types";
import { detailWords, remedy, stepTitle } from "./words";

export function StepList({ steps, answers }: { steps: ExitStep[]; answers?: string }) {
  return (
    <ol className="exit-steps" aria-label="Steps">
      {steps.map((step) => (
        <li key={step.name} className={step.state}>
          <div>
            <p>
              <strong>{stepTitle(step.name, answers)}</strong> <code>{step.name}</code>
            </p>
            {step.state === "done" && <p className="meta">{detailWords(step.detail) || "nothing to do"}</p>}
            {step.error != null && (
              <p className="problem" role="alert">
                {step.error} <span className="meta block">{remedy(step.name)}</span>
              </p>
            )}
          </div>
          <p className="meta nowrap">
            {step.begun_at != null && (
              <>
                {step.by != null && `${step.by}, `}
                {moment(step.at ?? step.begun_at)}
                {step.state === "done" && `, took ${between(step.begun_at, step.at)}`}
              </>
            )}
          </p>
          <Status value={step.state} />
        </li>
      ))}
    </ol>
  );
}
