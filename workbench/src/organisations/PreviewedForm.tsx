/** How is a change made that may stop somebody? Fill in, see what would stop, confirm; each on a step of its own. */

import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { messageOf } from "../api/client";
import { Stops } from "./Stops";
import type { Preview } from "./types";
import type { Previewed } from "./usePreviewed";

/** Says what is wrong with what was filled in. */
export class Wrong {
  constructor(readonly message: string) {}
}

interface PreviewedFormProps<Change, Answer extends Preview> {
  flow: Previewed<Change, Answer>;
  /** What is to be changed, or what is wrong with what was filled in. */
  read: () => Change | Wrong;
  /** The words on the button that makes the change. */
  confirm: string;
  /** What the preview says besides, of its answer. */
  more?: (answer: Answer) => ReactNode;
  /** May what was previewed not be made? */
  refused?: (answer: Answer) => boolean;
  disabled?: boolean;
  className?: string;
  children: ReactNode;
}

export function PreviewedForm<Change, Answer extends Preview>(props: PreviewedFormProps<Change, Answer>) {
  const { flow, read, confirm, more, refused, disabled = false, className, children } = props;
  const [problem, setProblem] = useState<string | null>(null);
  const shown = useRef<HTMLDivElement>(null);
  const answer = flow.done ?? flow.previewed;
  useEffect(() => shown.current?.focus(), [flow.previewed, flow.done]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const change = read();
    setProblem(change instanceof Wrong ? change.message : null);
    if (!(change instanceof Wrong)) flow.look(change);
  };
  const failure = problem ?? (flow.error === null ? null : messageOf(flow.error));
  return (
    <form onSubmit={submit} className={className} noValidate>
      {answer === undefined ? (
        children
      ) : (
        <div ref={shown} tabIndex={-1} role="status" className="preview-of">
          <Stops answer={answer} done={flow.done !== undefined} />
          {more?.(answer)}
        </div>
      )}
      {failure !== null && (
        <p className="problem" role="alert">
          {failure}
        </p>
      )}
      {flow.done === undefined && (
        <footer>
          {flow.previewed === undefined ? (
            <button type="submit" className="primary" disabled={disabled || flow.busy}>
              See what would stop
            </button>
          ) : (
            <>
              <button type="button" onClick={flow.back} disabled={flow.busy}>
                Back
              </button>
              <button type="button" className="primary" onClick={flow.confirm} disabled={flow.busy || refused?.(flow.previewed) === true}>
                {confirm}
              </button>
            </>
          )}
        </footer>
      )}
    </form>
  );
}
