/** How is it asked who holds whom? The list is read whole: it is short, and names are suggested from it. */

import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client";
import type { Page } from "../api/types";
import { useSignedIn } from "../app/session";
import type { Organisation } from "./types";

const PAGES_AT_MOST = 20;

async function everyOrganisation(signal: AbortSignal): Promise<Organisation[]> {
  const found: Organisation[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES_AT_MOST; page++) {
    const query: string = after === null ? "" : `&after=${encodeURIComponent(after)}`;
    const { items, next }: Page<Organisation> = await get(`/api/organisations?limit=1000${query}`, signal);
    found.push(...items);
    if (next === null) break;
    after = next;
  }
  return found;
}

/** Every organisation; asked by owners alone, for nobody else may know them. */
export function useOrganisations() {
  const { role } = useSignedIn();
  return useQuery({
    queryKey: ["organisations"],
    queryFn: ({ signal }) => everyOrganisation(signal),
    enabled: role === "owner",
  });
}

export const useOrganisation = (id: string) =>
  useQuery({
    queryKey: ["organisations", id],
    queryFn: ({ signal }) => get<Organisation>(`/api/organisations/${encodeURIComponent(id)}`, signal),
  });
