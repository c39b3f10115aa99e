/** The queue of this person and project, for as long as the bench is open. */

import { useEffect, useState, useSyncExternalStore } from "react";
import { TaskQueue } from "./queue";
import { EMPTY_BENCH, type QueueState } from "./queueState";

const never = () => () => undefined;
const still = () => EMPTY_BENCH;

export function useTaskQueue(person: string, project: string): { queue: TaskQueue | null; state: QueueState } {
  const [queue, setQueue] = useState<TaskQueue | null>(null);
  useEffect(() => {
    const opened = new TaskQueue(person, project);
    setQueue(opened);
    // In the next turn, so that a mount that is undone at once (as React does in development) claims nothing.
    const timer = setTimeout(() => void opened.start());
    return () => {
      clearTimeout(timer);
      opened.close();
    };
  }, [person, project]);
  const state = useSyncExternalStore(queue?.subscribe ?? never, queue?.snapshot ?? still);
  return { queue, state };
}
