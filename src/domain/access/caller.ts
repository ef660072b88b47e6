/** Who sends a request, and what they may do. */
import { z } from "zod";

/** The app roles of Mooring's Entra application. */
export const AppRole = z.enum(["Onboarding.Request", "Onboarding.Approve", "Onboarding.Operate"]);
export type AppRole = z.infer<typeof AppRole>;

export interface Caller {
  /** Stable and unique: a token's object ID, or the name of a local key. */
  readonly id: string;
  /** For people only; no decision depends on it. */
  readonly name: string;
  /** Names of catalog teams. */
  readonly teams: readonly string[];
  readonly roles: readonly AppRole[];
}

/** The ID for all senders of queue messages, because Service Bus does not say who sent one. No token or key has this ID. */
export const queueRequester = "queue";

/** Mooring itself, where it revokes access that has ended. No token or key has this ID. */
export const expiryCaller: Caller = {
  id: "mooring-expiry",
  name: "Mooring's expiry",
  teams: [],
  roles: AppRole.options,
};
