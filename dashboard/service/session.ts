/** Who sits here, and the proof of it that goes with every request. A token is never written down; a key is kept for this tab. */
import { signal } from "@preact/signals";
import type { Caller } from "./documents.ts";

/** `starting` until it is known whether anybody has to sign in. */
export const gate = signal<"starting" | "signIn" | "open">("starting");
export const caller = signal<Caller | undefined>(undefined);
/** Why somebody has to sign in, where there is more to say than that. */
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

/** After a reload. */
export function takeKeptKey(): boolean {
  const key = sessionStorage.getItem(keyEntry);
  if (key !== null) takeKey(key);
  return key !== null;
}

export function takeTokens(token: () => Promise<string>): void {
  proof = async () => ({ authorization: `Bearer ${await token()}` });
}

/** The service does not know who this is, or not any more. What is on the page stays until somebody has signed in. */
export function askToSignIn(notice?: string): void {
  sessionStorage.removeItem(keyEntry);
  proof = none;
  gateNotice.value = notice;
  gate.value = "signIn";
}

export function isIn(role: Caller["roles"][number]): boolean {
  const roles = caller.value?.roles ?? [];
  // An operator may do everything that a role allows, but for deciding.
  return roles.includes(role) || (role !== "Onboarding.Approve" && roles.includes("Onboarding.Operate"));
}
