/** Who holds whom, step by step? A branch for every stake, its share on it; a chain that meets itself ends there. */

import { Link } from "wouter";
import type { Interest } from "../api/types";
import { percent } from "../app/format";
import { Status } from "../app/Page";
import { named } from "./names";
import type { Holding, Organisation } from "./types";

const DEEPEST = 8;

interface HoldersTreeProps {
  interests: Interest[];
  organisations: Organisation[];
  path?: string[];
  alter?: (stake: Interest) => void;
}

export function HoldersTree({ interests, organisations, path = [], alter }: HoldersTreeProps) {
  if (interests.length === 0) return path.length === 0 ? <p className="meta">No holder is recorded.</p> : null;
  return (
    <ul className="chain">
      {interests.map((interest) => {
        const holder = named(interest.organisation, organisations);
        const again = holder !== undefined && path.includes(holder.id);
        return (
          <li key={interest.organisation}>
            <span className="chain-line">
              <span className="tabular">{percent(interest.share)}</span>
              {holder === undefined ? interest.organisation : <Link href={`/organisations/${holder.id}`}>{holder.name}</Link>}
              {holder?.conflict && <Status value="in conflict" />}
              {interest.since != null && <span className="meta">since {interest.since.slice(0, 10)}</span>}
              {alter !== undefined && (
                <button type="button" className="plain" aria-label={`Alter the stake of ${interest.organisation}`} onClick={() => alter(interest)}>
                  Alter
                </button>
              )}
            </span>
            {holder !== undefined && !again && path.length < DEEPEST && (
              <HoldersTree interests={holder.interests ?? []} organisations={organisations} path={[...path, holder.id]} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface HoldingsTreeProps {
  holds: Holding[];
  organisations: Organisation[];
  providerName: (slug: string) => string;
  path?: string[];
}

export function HoldingsTree({ holds, organisations, providerName, path = [] }: HoldingsTreeProps) {
  if (holds.length === 0) return path.length === 0 ? <p className="meta">It holds nothing that is recorded.</p> : null;
  return (
    <ul className="chain">
      {holds.map((held) => {
        const below = held.organisation === undefined ? undefined : named(held.organisation, organisations);
        const again = below !== undefined && path.includes(below.id);
        return (
          <li key={`${held.provider ?? ""}/${held.organisation ?? ""}`}>
            <span className="chain-line">
              <span className="tabular">{percent(held.share)}</span>
              {held.provider !== undefined ? (
                <>
                  <Link href={`/providers/${held.provider}`}>{providerName(held.provider)}</Link>
                  <span className="meta">provider</span>
                </>
              ) : below === undefined ? (
                held.organisation
              ) : (
                <Link href={`/organisations/${below.id}`}>{below.name}</Link>
              )}
            </span>
            {below !== undefined && !again && path.length < DEEPEST && (
              <HoldingsTree holds={below.holds ?? []} organisations={organisations} providerName={providerName} path={[...path, below.id]} />
            )}
          </li>
        );
      })}
    </ul>
  );
}
