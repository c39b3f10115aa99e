/** How is it asked what hangs on whom? */

import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client";
import { providerPath } from "../api/queries";
import type { Dependence, Overview } from "./types";

export const useOverview = () =>
  useQuery({ queryKey: ["dependence"], queryFn: ({ signal }) => get<Overview>("/api/dependence", signal) });

export const useDependence = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "dependence"],
    queryFn: ({ signal }) => get<Dependence>(providerPath(slug, "/dependence"), signal),
  });
