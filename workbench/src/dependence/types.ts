/** What hangs on whom? The shapes of /api/dependence and of a provider's own dependence. */

/** A figure with its interval; money as decimal strings, days as numbers. */
export interface Ranged<T> {
  value: T;
  low: T;
  high: T;
}

/** What a project's values would be without somebody's answers. */
export interface Without {
  tasks: number;
  values_changed: number;
  tasks_lost: number;
  below_target: number;
  confidence_before: number | null;
  confidence_after: number | null;
}

/** What it takes to have somebody's answers given anew by others. */
export interface Replace {
  answers: number;
  /** Of them, those that nobody else may give. */
  stranded?: number;
  cost: Ranged<string> | null;
  days: Ranged<number> | null;
  date: string | null;
  because: string | null;
}

export interface Concentration {
  providers: number | null;
  sources: number | null;
}

export interface Alert {
  code: string;
  message: string;
  project: string | null;
  provider: string | null;
  organisation: string | null;
  share: number | null;
}

export interface ProviderShare {
  provider: string;
  name: string;
  status: string;
  judgments: number;
  share: number | null;
  weight_share?: number | null;
  alone?: number;
  without?: Without | null;
  replace?: Replace | null;
}

export interface OrganisationShare {
  organisation: string;
  providers: string[];
  share: number | null;
  attributed?: number | null;
  weight_share?: number | null;
  without?: Without | null;
}

export interface Group {
  judgments: number;
  hhi?: Concentration | null;
  providers: ProviderShare[];
  organisations: OrganisationShare[];
  alerts: Alert[];
}

export interface ProjectGroup extends Group {
  project: string;
  name: string;
  as_of: string | null;
  /** Judgments that the figures of "without" do not hold yet. */
  behind: number;
  pending: boolean;
}

export interface Overview {
  at: string;
  alert_share?: number | null;
  alert_hhi?: number | null;
  overall: Group;
  projects: ProjectGroup[];
  alerts: Alert[];
}

export interface ProjectDependence {
  project: string;
  name: string;
  judgments: number;
  share: number | null;
  tasks_answered: number;
  only_provider_tasks: number;
  consensus_tasks: number;
  releases: (string | number)[];
  weight_share?: number | null;
  without?: Without | null;
  replace?: Replace | null;
}

/** What hangs on one provider. */
export interface Dependence {
  provider: string;
  organisations: string[];
  projects: ProjectDependence[];
  judgments: number;
  share: number | null;
  weight_share?: number | null;
  without?: Without | null;
  replace?: Replace | null;
  hhi?: Concentration | null;
  replacement_cost: string | null;
}
