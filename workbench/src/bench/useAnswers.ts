/** What is answered so far, and what was it before? Every change can be undone and is kept as a draft. */

import { useCallback, useEffect, useReducer, useRef } from "react";
import type { Answers, Json } from "../api/types";

interface Editing {
  now: Answers;
  before: Answers[];
  /** The field of the last change: typing on in it is one step to undo. */
  last: string | null;
}

type Change = { set: string; value: Json | undefined; typed: boolean } | { undo: true };

const STEPS_KEPT = 200;

function reduce(editing: Editing, change: Change): Editing {
  if ("undo" in change) {
    const [previous, ...before] = editing.before;
    return previous === undefined ? editing : { now: previous, before, last: null };
  }
  const now = { ...editing.now };
  if (change.value === undefined) delete now[change.set];
  else now[change.set] = change.value;
  const continued = change.typed && editing.last === change.set;
  return {
    now,
    before: continued ? editing.before : [editing.now, ...editing.before].slice(0, STEPS_KEPT),
    last: change.typed ? change.set : null,
  };
}

export function useAnswers(initial: Answers, keep: (answers: Answers) => void) {
  const [editing, dispatch] = useReducer(reduce, { now: initial, before: [], last: null });
  const { now, before } = editing;
  const kept = useRef(initial);
  useEffect(() => {
    if (kept.current === now) return;
    kept.current = now;
    keep(now);
  }, [now, keep]);
  const set = useCallback((name: string, value: Json | undefined, typed = false) => dispatch({ set: name, value, typed }), []);
  const undo = useCallback(() => dispatch({ undo: true }), []);
  return { answers: now, set, undo, canUndo: before.length > 0 };
}
