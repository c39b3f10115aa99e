/** What is too much in one hand? Said at the top, with the place to look at. */

import { Link } from "wouter";
import type { Alert } from "./types";

function placeOf(alert: Alert): string | null {
  if (alert.provider !== null) return `/providers/${alert.provider}/dependence`;
  return alert.project === null ? null : `/p/${alert.project}`;
}

export function Alerts({ alerts }: { alerts: Alert[] }) {
  if (alerts.length === 0) return null;
  return (
    <div className="notice attention" role="note" aria-label="Alerts">
      <ul>
        {alerts.map((alert, index) => {
          const place = placeOf(alert);
          return (
            <li key={index}>
              {alert.message} {place !== null && <Link href={place} aria-label={`Look: ${alert.message}`}>Look</Link>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
