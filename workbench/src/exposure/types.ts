/** Who was shown what? The shapes of exposure and of the search through it. */

import type { Page } from "../api/types";

export interface ExposureCounts {
  tasks: number;
  showings: number;
  by_project: { [slug: string]: number };
  by_sensitivity: { [level: string]: number };
  by_reference?: number;
  first: string | null;
  last: string | null;
}

export interface Showing {
  task: string;
  /** The commitment to it; the content itself stays here. */
  content: string;
  annotator: string;
  annotator_name?: string | null;
  project?: string;
  sensitivity?: string;
  assignment?: string | null;
  at: string;
}

export interface Exposure extends Page<Showing> {
  counts: ExposureCounts;
  as_of?: string | null;
}

export interface ExposedAnnotator {
  annotator: string;
  name?: string | null;
  tasks: number;
  showings: number;
  by_sensitivity?: { [level: string]: number };
  first: string | null;
  last: string | null;
}

export interface Match {
  content: string;
  task: string;
  external_id?: string | null;
  project: string;
  matched: "exact" | "contains";
  /** The provider that gave it, which knows it all the same. */
  given_by?: string;
  shown: { provider: string; annotator: string; name?: string | null; first: string; last: string; times: number }[];
}

export interface Found {
  by: "text" | "hash" | "file";
  items: Match[];
  searched?: number | null;
  erased?: number | null;
  next?: string | null;
}
