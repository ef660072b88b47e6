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

export type HeldState = Exclude<NamespaceState, "Onboarded" | "Incomplete">;

const holders: Record<HeldState, OperationKind> = {
  Onboarding: "onboard",
  Changing: "change",
  Offboarding: "offboard",
  Compensating: "compensate",
  Repairing: "repair",
  Migrating: "migrate",
};
export const heldStates = Object.keys(holders) as readonly HeldState[];

/** The kind of the operation that holds a namespace in this state; undefined when none does. */
export function holderOf(state: NamespaceState): OperationKind | undefined {
  return state === "Onboarded" || state === "Incomplete" ? undefined : holders[state];
}
