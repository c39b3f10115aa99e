/** Which organisation is meant by a name? Names and aliases are alike after NFC, case folding and trimming. */

import type { Organisation } from "./types";

export const folded = (name: string): string => name.normalize("NFC").trim().toLowerCase();

/** The organisation that carries this name or alias; what was found to be the same as another leads to that one. */
export function named(name: string, organisations: Organisation[]): Organisation | undefined {
  const key = folded(name);
  const found = organisations.find((one) => [one.name, ...one.aliases].some((known) => folded(known) === key));
  return found === undefined ? undefined : same(found, organisations);
}

/** Follows `same_as` to the organisation that is meant. */
export function same(organisation: Organisation, organisations: Organisation[]): Organisation {
  let found = organisation;
  for (let step = 0; step < organisations.length && found.same_as != null; step++) {
    const next = organisations.find((one) => one.id === found.same_as);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

/** Every organisation that is the same legal entity as this one, itself included: what is recorded of each counts for all. */
export const joined = (organisation: Organisation, organisations: Organisation[]): Organisation[] =>
  organisations.filter((one) => same(one, organisations).id === organisation.id);

/** How many letters must change to make one word of the other. */
export function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const swap = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** The known name that this one was probably meant to be; undefined when none is near. */
export function nearest(name: string, organisations: Organisation[]): string | undefined {
  const key = folded(name);
  if (key.length < 3) return undefined;
  const names = organisations.flatMap((one) => [one.name, ...one.aliases]);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(key.length / 4)) + 1;
  for (const known of names) {
    const other = folded(known);
    if (other === key) return undefined;
    const steps = other.startsWith(key) || key.startsWith(other) ? 1 : distance(key, other);
    if (steps < least) [best, least] = [known, steps];
  }
  return best;
}
