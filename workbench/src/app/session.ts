/** Who is signed in, and what may this role do? The server decides; this only hides what it would refuse. */

import { createContext, useContext } from "react";
import type { Person, Role, Session } from "../api/types";

export interface SignedIn extends Session {
  person: Person;
  role: Role;
}

export const SessionContext = createContext<SignedIn | null>(null);

export function useSignedIn(): SignedIn {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("This page is shown to signed-in people only.");
  return session;
}

export const manages = (role: Role): boolean => role === "owner" || role === "manager";
export const reviews = (role: Role): boolean => manages(role) || role === "reviewer";

/** Runs the lab's work, and is not a vendor's lead, who sees its own people and figures alone. */
export const ofTheLab = ({ role, provider }: SignedIn): boolean => manages(role) && (provider === undefined || provider.slug === "in-house");
