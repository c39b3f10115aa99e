/** How long was this task looked at? Only while the page is visible; what a draft already counts is added. */

import { useCallback, useEffect, useRef } from "react";

export function useSpentTime(before: number): () => number {
  const counted = useRef(before);
  const since = useRef<number | null>(null);
  useEffect(() => {
    const turn = () => {
      const now = performance.now();
      if (since.current !== null) counted.current += now - since.current;
      since.current = document.visibilityState === "visible" ? now : null;
    };
    turn();
    document.addEventListener("visibilitychange", turn);
    return () => {
      document.removeEventListener("visibilitychange", turn);
      if (since.current !== null) counted.current += performance.now() - since.current;
      since.current = null;
    };
  }, []);
  return useCallback(() => Math.round(counted.current + (since.current === null ? 0 : performance.now() - since.current)), []);
}
