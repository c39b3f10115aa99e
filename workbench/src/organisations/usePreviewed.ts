/** What would a change stop? It is sent twice: first as a preview, which changes nothing, then in earnest. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Preview } from "./types";

/** A path that only says what would be. */
export const asPreview = (path: string, preview: boolean): string => (preview ? `${path}?preview=true` : path);

export function usePreviewed<Change, Answer extends Preview>(send: (change: Change, preview: boolean) => Promise<Answer>) {
  const client = useQueryClient();
  const preview = useMutation({ mutationFn: (change: Change) => send(change, true) });
  const made = useMutation({
    mutationFn: (change: Change) => send(change, false),
    onSuccess: () => client.invalidateQueries(),
  });
  return {
    look: preview.mutate,
    confirm: () => {
      if (preview.variables !== undefined) made.mutate(preview.variables);
    },
    back: () => {
      preview.reset();
      made.reset();
    },
    previewed: preview.data,
    done: made.data,
    busy: preview.isPending || made.isPending,
    error: made.error ?? preview.error,
  };
}

export type Previewed<Change, Answer extends Preview> = ReturnType<typeof usePreviewed<Change, Answer>>;
