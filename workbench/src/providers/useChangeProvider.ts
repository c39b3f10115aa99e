/** Changes one provider and shows the new state wherever it stands. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { patch } from "../api/client";
import type { Json, Provider } from "../api/types";

export function useChangeProvider(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: { [field: string]: Json }) =>
      patch(`/api/providers/${encodeURIComponent(slug)}`, changes) as Promise<Provider>,
    onSuccess: () => client.invalidateQueries(),
  });
}
