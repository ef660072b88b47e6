/** Who asks, and what they may do. */
import { z } from "zod";

/** The app roles of Mooring's Entra application. */
export const AppRole = z.enum(["Onboarding.Request", "Onboarding.Approve", "Onboarding.Operate"]);
export type AppRole = z.infer<typeof AppRole>;

export interface Caller {
  /** Stable and unique: the object id of a token, or the name of a local key. */
  readonly id: string;
  /** For people; never for a decision. */
  readonly name: string;
  /** Names of catalog teams. */
  readonly teams: readonly string[];
  readonly roles: readonly AppRole[];
}

/** The id of whoever sends messages: Service Bus does not tell who did, and no token or key has this id. */
export const queueRequester = "queue";
