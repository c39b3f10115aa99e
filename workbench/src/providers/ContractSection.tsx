/** What was agreed, until when, and how many days are left to give notice? */

import { useState, type ReactNode } from "react";
import type { Contract, Json, Provider } from "../api/types";
import { day, daysUntil, plural, spaced } from "../app/format";
import { Figure, Section } from "../app/Page";
import { useSignedIn } from "../app/session";
import { ContractDialog } from "./ContractDialog";

const DAY_MS = 86_400_000;
const URGENT_DAYS = 30;
const OWN = ["reference", "starts", "ends", "notice_days", "renews", "function", "critical"];

/** The last day on which notice ends the contract at its end. */
export function noticeBy(contract: Contract): string | null {
  if (contract.ends == null || contract.notice_days == null) return null;
  const ends = new Date(contract.ends).getTime();
  return Number.isNaN(ends) ? null : new Date(ends - contract.notice_days * DAY_MS).toISOString().slice(0, 10);
}

function words(value: Json): string {
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function ContractSection({ provider }: { provider: Provider }) {
  const { role } = useSignedIn();
  const [changing, setChanging] = useState(false);
  const contract = provider.contract ?? null;
  return (
    <Section
      title="Contract"
      aside={
        role === "owner" && (
          <button type="button" onClick={() => setChanging(true)}>
            {contract === null ? "Record the contract" : "Change the contract"}
          </button>
        )
      }
    >
      {contract === null ? <p className="meta">No contract is recorded, so its end and its notice are not known.</p> : <ContractFigures contract={contract} />}
      {changing && <ContractDialog provider={provider} close={() => setChanging(false)} />}
    </Section>
  );
}

export function ContractFigures({ contract }: { contract: Contract }) {
  const notice = noticeBy(contract);
  const others = Object.entries(contract).filter(([name, value]) => !OWN.includes(name) && value != null);
  return (
    <dl className="figures">
      {contract.reference != null && <Figure name="Reference" value={contract.reference} />}
      {contract.function != null && <Figure name="For" value={contract.function} note={contract.critical ? "critical" : undefined} />}
      {contract.starts != null && <Figure name="Begins" value={day(contract.starts)} />}
      {contract.ends != null && (
        <Figure name="Ends" value={day(contract.ends)} note={<Left until={contract.ends} more={contract.renews ? "renews by itself" : undefined} />} />
      )}
      {contract.notice_days != null && <Figure name="Notice" value={plural(contract.notice_days, "day")} />}
      {notice !== null && <Figure name="Notice by" value={day(notice)} note={<Left until={notice} urgent={URGENT_DAYS} />} />}
      {others.map(([name, value]) => (
        <Figure key={name} name={spaced(name)} value={words(value ?? null)} />
      ))}
    </dl>
  );
}

/** How long until then; marked when there is little time. */
function Left({ until, urgent = 0, more }: { until: string; urgent?: number; more?: ReactNode }) {
  const days = daysUntil(until);
  const text = days < 0 ? `${plural(-days, "day")} ago` : days === 0 ? "today" : `${plural(days, "day")} left`;
  return (
    <>
      {days <= urgent ? <span className="tag attention">{text}</span> : text}
      {more !== undefined && <>, {more}</>}
    </>
  );
}
