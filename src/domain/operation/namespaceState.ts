/** What a namespace's record says of it. In a state that ends in -ing an operation holds it, and nobody else may begin. */
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
export type HeldState = Exclude<NamespaceState, FreeState>;

/** The operations of namespaces, by the state in which they hold one. */
export const holders: Readonly<Record<HeldState, OperationKind>> = {
  Onboarding: "onboard",
  Changing: "change",
  Offboarding: "offboard",
  Compensating: "compensate",
  Repairing: "repair",
  Migrating: "migrate",
};
export const heldStates = Object.keys(holders) as readonly HeldState[];
