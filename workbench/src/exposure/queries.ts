/** How is it asked who was shown what? */

import { useInfiniteQuery, type InfiniteData, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { get, post, request } from "../api/client";
import { providerPath } from "../api/queries";
import type { Page } from "../api/types";
import type { ExposedAnnotator, Exposure, Found } from "./types";

/** Which showings: all, or those of an annotator, a project, a sensitivity. */
export interface Narrowed {
  annotator: string;
  project: string;
  sensitivity: string;
}

export const NOT_NARROWED: Narrowed = { annotator: "", project: "", sensitivity: "" };

function queryOf(fields: { [name: string]: string | null }): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== null && value !== "") query.set(name, value);
  return query.toString();
}

function usePages<T extends { next: string | null }>(key: unknown[], pathOf: (after: string | null) => string) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => get<T>(pathOf(pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: T) => page.next,
  });
}

export type Pages<T> = UseInfiniteQueryResult<InfiniteData<T, unknown>>;

export const useExposure = (slug: string, narrowed: Narrowed = NOT_NARROWED, limit = 25) =>
  usePages<Exposure>(["provider", slug, "exposure", narrowed, limit], (after) =>
    providerPath(slug, `/exposure?${queryOf({ ...narrowed, limit: String(limit), after })}`),
  );

export const useExposedAnnotators = (slug: string, limit = 25) =>
  usePages<Page<ExposedAnnotator>>(["provider", slug, "exposure", "annotators"], (after) =>
    providerPath(slug, `/exposure/annotators?${queryOf({ limit: String(limit), after })}`),
  );

export const exportPath = (slug: string, format: "csv" | "json" | "html", narrowed: Narrowed): string =>
  providerPath(slug, `/exposure/export?${queryOf({ format, ...narrowed })}`);

/** What is looked for: words, a file's bytes, or the hash of either. */
export type Sought = { text: string } | { hash: string } | { file: File };

export function search(sought: Sought, after: string | null): Promise<Found> {
  const path = `/api/exposure/search${after === null ? "" : `?${queryOf({ after })}`}`;
  if (!("file" in sought)) return post<Found>(path, sought);
  // JSON as a file is a file: only its bytes are meant.
  return request<Found>("POST", path, { body: new Blob([sought.file], { type: "application/octet-stream" }) });
}
