/** Who stands behind this, and through whom? Shares multiply along a chain, chains add up, the whole is the most. */

import type { Interest } from "../api/types";
import { joined, named } from "./names";
import type { Organisation } from "./types";

export interface Behind {
  organisation: string;
  /** Of the organisation, where it is known. */
  id?: string;
  share: number;
  conflict: boolean;
  /** The stake that is recorded directly, if one is. */
  direct: Interest | null;
  /** The organisations between, for each chain that is not direct, the nearest to it first. */
  chains: { through: string[]; share: number }[];
}

/** Every organisation behind these direct interests of a provider, the direct ones first, then by share.

The whole share is the server's where it has said one: of rings it knows more than a walk along the chains finds. */
export function behind(interests: Interest[], organisations: Organisation[], provider?: string): Behind[] {
  const found = new Map<string, Behind>();
  const follow = (interest: Interest, share: number, path: Organisation[], below: string[]): void => {
    const holder = named(interest.organisation, organisations);
    if (holder !== undefined && path.includes(holder)) return;
    const name = holder?.name ?? interest.organisation;
    const held = share * interest.share;
    const entry = found.get(name) ?? { organisation: name, id: holder?.id, share: 0, conflict: holder?.conflict ?? false, direct: null, chains: [] };
    entry.share += held;
    if (below.length === 0) entry.direct = interest;
    else entry.chains.push({ through: below, share: held });
    found.set(name, entry);
    if (holder === undefined) return;
    for (const part of joined(holder, organisations)) {
      for (const above of part.interests ?? []) follow(above, held, [...path, holder], [name, ...below]);
    }
  };
  for (const interest of interests) follow(interest, 1, [], []);
  return [...found.values()]
    .map((entry) => {
      const reached = organisations.find((one) => one.id === entry.id)?.reaches?.find((one) => one.provider === provider);
      return { ...entry, share: reached?.share ?? Math.min(1, entry.share) };
    })
    .sort((one, other) => Number(one.direct === null) - Number(other.direct === null) || other.share - one.share);
}

/** "Holding A", "Holding A and Holding B", "A, B and C". */
export function listed(names: string[]): string {
  const last = names[names.length - 1] ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
