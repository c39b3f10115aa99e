/** Did the bench leave answers unsent? They are sent from whatever page is open, and counted until they are gone. */

import { useEffect, useState } from "react";
import { deliver, setAside } from "./deliver";
import { saveDraft } from "./drafts";
import { dropEntry, storedEntries, type Entry } from "./outbox";

const EVERY_MS = 10_000;

async function sendLeftover(entry: Entry): Promise<boolean> {
  const delivery = await deliver(entry);
  if (delivery.state === "taken") dropEntry(entry);
  else if (delivery.state === "refused" && delivery.error.status === 422 && entry.send.kind === "submit") {
    // The task is still held: it comes back on the bench with this draft.
    saveDraft(entry.person, entry.assignment, entry.send.body);
    dropEntry(entry);
  } else if (delivery.state === "refused") setAside(entry, delivery.why);
  else return false;
  return true;
}

export function useLeftovers(person: string): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    let closed = false;
    let busy = false;
    const send = async () => {
      if (busy) return;
      busy = true;
      for (const entry of storedEntries(person)) {
        if (closed || !(await sendLeftover(entry))) break;
      }
      busy = false;
      if (!closed) setLeft(storedEntries(person).length);
    };
    void send();
    const timer = setInterval(() => void send(), EVERY_MS);
    const online = () => void send();
    window.addEventListener("online", online);
    return () => {
      closed = true;
      clearInterval(timer);
      window.removeEventListener("online", online);
    };
  }, [person]);
  return left;
}
