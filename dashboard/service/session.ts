/** The caller, and the credential sent with every request. A token is never stored; a key is kept for this tab. */

import { signal } from "@preact/signals";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";

/** `starting` until it is known whether sign-in is needed. */
export const gate = signal<"starting" | "signIn" | "open">("starting");
export const caller = signal<Caller | undefined>(undefined);
/** Why sign-in is needed, if there is a special reason. */
export const gateNotice = signal<string | undefined>(undefined);

type Proof = () => Promise<Readonly<Record<string, string>>>;
const none: Proof = async () => ({});
let proof: Proof = none;

export function proofHeaders(): Promise<Readonly<Record<string, string>>> {
  return proof();
}

const keyEntry = "mooring.key";

export function takeKey(key: string): void {
  sessionStorage.setItem(keyEntry, key);
  proof = async () => ({ "x-mooring-key": key });
}

/** Restores the key after a reload. */
export function takeKeptKey(): boolean {
  const key = sessionStorage.getItem(keyEntry);
  if (key !== null) takeKey(key);
  return key !== null;
}

export function takeTokens(token: () => Promise<string>): void {
  proof = async () => ({ authorization: `Bearer ${await token()}` });
}

/** The caller is unknown, or no longer known. The page keeps its contents until someone has signed in. */
export function askToSignIn(notice?: string): void {
  sessionStorage.removeItem(keyEntry);
  proof = none;
  gateNotice.value = notice;
  gate.value = "signIn";
}

export function isIn(role: Caller["roles"][number]): boolean {
  const roles = caller.value?.roles ?? [];
  // Operators have every right except to approve or reject.
  return roles.includes(role) || (role !== "Onboarding.Approve" && roles.includes("Onboarding.Operate"));
}
