/** Which data do pages share? One hook a resource, so that a key is written once. */

import { QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ApiError, get, getAll } from "./client";
import type { AdminPerson, Key, Page, Project, Provider, Release, Scorecard, Session, Settings, TaskDetail, TaskRow } from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => error instanceof ApiError && error.passing && count < 2,
    },
  },
});

let replaced = 0;

/** Who is signed in; what was asked before somebody signed in or out, and is answered after it, counts no more. */
async function askSession({ signal }: { signal: AbortSignal }): Promise<Session> {
  const before = replaced;
  const found = await get<Session>("/api/session", signal);
  return before === replaced ? found : (queryClient.getQueryData<Session>(["session"]) ?? found);
}

export const useSession = () => useQuery({ queryKey: ["session"], queryFn: askSession, staleTime: 60_000 });

/** Another session begins or ends: what the last one has seen is forgotten. */
export function replaceSession(session: Session): void {
  replaced += 1;
  queryClient.setQueryData(["session"], session);
  queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
}

export const useProjects = () =>
  useQuery({ queryKey: ["projects"], queryFn: ({ signal }) => getAll<Project>("/api/projects", signal) });

/** The name of a project by its slug; the slug itself while it is not known. */
export function useProjectNames(): (slug: string) => string {
  const projects = useProjects();
  const names = new Map(projects.data?.items.map(({ slug, name }) => [slug, name]));
  return (slug) => names.get(slug) ?? slug;
}

export const useProject = (slug: string) =>
  useQuery({
    queryKey: ["project", slug],
    queryFn: ({ signal }) => get<Project>(`/api/projects/${encodeURIComponent(slug)}`, signal),
  });

export const useTasks = (slug: string, status: string, limit = 50) =>
  useInfiniteQuery({
    queryKey: ["tasks", slug, status, limit],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (status !== "") query.set("status", status);
      if (pageParam !== null) query.set("after", pageParam);
      return get<Page<TaskRow>>(`/api/projects/${encodeURIComponent(slug)}/tasks?${query}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const useTask = (id: string) =>
  useQuery({
    queryKey: ["task", id],
    queryFn: ({ signal }) => get<TaskDetail>(`/api/tasks/${encodeURIComponent(id)}`, signal),
  });

export const useReleases = (slug: string) =>
  useQuery({
    queryKey: ["releases", slug],
    queryFn: ({ signal }) => get<{ items: Release[] }>(`/api/projects/${encodeURIComponent(slug)}/releases`, signal),
  });

export const useProviders = () =>
  useQuery({ queryKey: ["providers"], queryFn: ({ signal }) => getAll<Provider>("/api/providers", signal) });

export function providerPath(slug: string, part = ""): string {
  return `/api/providers/${encodeURIComponent(slug)}${part}`;
}

export const useProvider = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug],
    queryFn: ({ signal }) => get<Provider>(providerPath(slug), signal),
  });

export const useScorecard = (slug: string) =>
  useQuery({
    queryKey: ["provider", slug, "scorecard"],
    queryFn: ({ signal }) => get<Scorecard>(providerPath(slug, "/scorecard"), signal),
  });

export const useKeyList = () =>
  useQuery({ queryKey: ["keys"], queryFn: ({ signal }) => getAll<Key>("/api/keys", signal) });

export const usePeople = () =>
  useQuery({ queryKey: ["people"], queryFn: ({ signal }) => getAll<AdminPerson>("/api/people", signal) });

export const useSettings = () =>
  useQuery({ queryKey: ["settings"], queryFn: ({ signal }) => get<Settings>("/api/settings", signal) });
