/** The states of a namespace's record. In a state that ends in -ing, an operation holds the namespace, and no other may begin. */
import { z } from "zod";
import type { OperationKind } from "./operation.ts";

export const NamespaceState = z.enum([
  "Onboarding",
  "Changing",
  "Onboarded",
  "Offboarding",
  "Compensating",
  "Repairing",
  "Migrating",
  /** An operation ended without restoring a known state; onboard or offboard again. */
  "Incomplete",
]);
export type NamespaceState = z.infer<typeof NamespaceState>;

export type FreeState = "Onboarded" | "Incomplete";
export const freeStates = ["Onboarded", "Incomplete"] as const satisfies readonly FreeState[];
export type HeldState = Exclude<NamespaceState, FreeState>;

/** The kind of operation that holds a namespace, by state. */
export const holders: Readonly<Record<HeldState, OperationKind>> = {
  Onboarding: "onboard",
  Changing: "change",
  Offboarding: "offboard",
  Compensating: "compensate",
  Repairing: "repair",
  Migrating: "migrate",
};
export const heldStates = Object.keys(holders) as readonly HeldState[];
