/** How is it asked what leaving would mean, how far it is, and what came of it? */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { get, post } from "../api/client";
import { providerPath } from "../api/queries";
import type { Page } from "../api/types";
import type { Certificate, Drill, Exit, PhaseOut, Plan, Reinstatement } from "./types";

const STEP_MS = 700;
const DRILL_MS = 2000;

export const over = (state: string): boolean => state !== "running" && state !== "waiting";

const exitPath = (id: string, part = ""): string => `/api/exits/${encodeURIComponent(id)}${part}`;

export const certificatePage = (id: string): string => exitPath(id, "/certificate.html");

export const usePlan = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "exit-plan"],
    queryFn: () => post<Plan>(providerPath(slug, "/exit"), { execute: false }),
  });

export const useExits = (slug: string) =>
  useQuery({
    queryKey: ["exits", slug],
    queryFn: ({ signal }) => get<Page<Exit>>(`/api/exits?provider=${encodeURIComponent(slug)}`, signal),
  });

/** An exit, asked again until its last step is done; then every page asks anew, for what it gave counts no more. */
export function useExit(id: string) {
  const client = useQueryClient();
  const exit = useQuery({
    queryKey: ["exit", id],
    queryFn: ({ signal }) => get<Exit>(exitPath(id), signal),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data !== undefined && over(state.data.state) ? false : STEP_MS),
  });
  const done = exit.data !== undefined && over(exit.data.state);
  useEffect(() => {
    if (done) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "exit" && queryKey[0] !== "session" });
  }, [done, client]);
  return exit;
}

export const useCertificate = (id: string, enabled: boolean) =>
  useQuery({
    queryKey: ["exit", id, "certificate"],
    queryFn: ({ signal }) => get<Certificate>(exitPath(id, "/certificate"), signal),
    enabled,
  });

/** Looks again, at this moment, whether everything that the certificate says still holds. */
export const freshCertificate = (id: string) => get<Certificate>(exitPath(id, "/certificate?fresh=true"));

export const usePhaseOut = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "phase-out"],
    queryFn: async ({ signal }) => (await get<PhaseOut | null>(providerPath(slug, "/phase-out"), signal)) ?? null,
  });

export const useReinstatement = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "reinstatement"],
    queryFn: ({ signal }) => get<Reinstatement>(providerPath(slug, "/reinstatement"), signal),
  });

/** A drill with its report, which the list leaves out. */
export const useDrill = (id: string, done: boolean) =>
  useQuery({
    queryKey: ["drill", id, done],
    queryFn: ({ signal }) => get<Drill>(`/api/drills/${encodeURIComponent(id)}`, signal),
    enabled: done,
  });

export const drillPage = (id: string): string => `/api/drills/${encodeURIComponent(id)}/report.html`;

export const useDrills = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "drills"],
    queryFn: ({ signal }) => get<Page<Drill>>(`/api/drills?provider=${encodeURIComponent(slug)}`, signal),
    refetchInterval: ({ state }) => (state.data?.items.some((drill) => !over(drill.state)) ? DRILL_MS : false),
  });
