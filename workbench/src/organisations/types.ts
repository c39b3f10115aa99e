/** Who holds whom? The shapes of organisations, and of what a change of interests would stop. */

import type { Problem } from "../api/client";
import type { Interest } from "../api/types";

export interface Holding {
  organisation?: string;
  provider?: string;
  share: number;
  since?: string | null;
}

export interface Organisation {
  id: string;
  name: string;
  aliases: string[];
  lei?: string | null;
  country?: string | null;
  same_as?: string | null;
  /** Who holds it. */
  interests?: Interest[];
  /** What it holds directly. */
  holds?: Holding[];
  /** The providers it has an interest in, through all chains. */
  reaches?: { provider: string; share: number }[];
  /** In conflict with the whole installation. */
  conflict?: boolean;
}

/** A provider that is stopped in a project: by its slug and name, and the project's. */
export interface Stopping {
  provider?: string;
  name?: string;
  project: string;
  project_name?: string;
  world?: string;
  because: string;
  held?: number;
}

/** What a change would stop, or has stopped. */
export interface Preview {
  preview?: boolean;
  stopped?: Stopping[];
  resumed?: Omit<Stopping, "because">[];
  recalled?: number;
  /** Names that were not known before. */
  organisations_made?: string[];
}

export interface Imported extends Preview {
  new: number;
  same: number;
  changed: number;
  wrong: number;
  /** Rows are counted from 0. */
  problems: (Partial<Problem> & { row?: number })[];
}
