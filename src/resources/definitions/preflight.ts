import type { OperationError } from "../../domain/operation/operation.ts";

/** Problems found outside the things that the steps make. */
export interface Obstacles {
  readonly blockers?: readonly OperationError[];
  /** What could not be checked, and why. */
  readonly notices?: readonly OperationError[];
}

/** One look of the preflight. A PermanentError or TransientError that it throws also counts as an obstacle. */
export interface PreflightCheck {
  readonly about: "namespace" | "subscription" | "cluster";
  readonly look: () => Promise<Obstacles | undefined>;
}
