/** Which data do reviewers, askers and annotators who look back share? */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, getAll, post } from "../api/client";
import type { Page } from "../api/types";
import type { AskedQuestion, Claimed, Clarification, OwnAnswer, ReviewItem } from "./types";

export const projectPath = (slug: string, part = ""): string => `/api/projects/${encodeURIComponent(slug)}${part}`;

/** What this reviewer looks at now: what it holds in the project, else the next that waits. */
export async function nextReview(slug: string): Promise<Claimed> {
  const held = await get<{ items: ReviewItem[] }>("/api/reviews");
  const here = held.items.filter((item) => item.project === slug);
  return here.length > 0 ? { items: here } : post<Claimed>(projectPath(slug, "/reviews/claim"), { count: 1 });
}

export const useNextReview = (slug: string) =>
  useQuery({
    queryKey: ["next review", slug],
    queryFn: () => nextReview(slug),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });

export const useQuestions = (slug: string, state: "open" | "answered") =>
  useInfiniteQuery({
    queryKey: ["questions", slug, state],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ state, limit: "50", ...(pageParam === null ? {} : { after: pageParam }) });
      return get<Page<AskedQuestion>>(projectPath(slug, `/questions?${query}`), signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const useClarifications = (slug: string) =>
  useQuery({
    queryKey: ["clarifications", slug],
    queryFn: ({ signal }) => getAll<Clarification>(projectPath(slug, "/clarifications"), signal),
  });

export const useOwnAnswers = (slug: string) =>
  useInfiniteQuery({
    queryKey: ["mine", slug],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "25", ...(pageParam === null ? {} : { after: pageParam }) });
      return get<Page<OwnAnswer>>(projectPath(slug, `/mine?${query}`), signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
