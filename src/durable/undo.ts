import type { Work } from "./step.ts";

export interface Undo {
  readonly name: string;
  /** `again` for an undo that goes on (persist.ts). */
  readonly undo: (again?: Again) => Work<unknown>;
}

/** Passed to an undo that goes on. */
export interface Again {
  /** How long until the next attempt, if this one fails; absent if it is the last. */
  readonly nextMs?: number;
}

export interface FailedCompensation {
  readonly compensation: string;
  readonly error: unknown;
}
