/** Limits that namespaces share: of a subscription, or of an identity that several of them use. */
import type { OperationError } from "../../domain/operation/operation.ts";
import type { StepName } from "../../domain/operation/stepName.ts";

/** What a planned operation adds under such a limit. Whether it fits by itself, its own plan says. */
export interface Need {
  /** What has the limit: equal for all that share it. */
  readonly of: string;
  /** How many there are now, and how many there may be. */
  readonly used: number;
  readonly limit: number;
  /** How many more it needs at most. */
  readonly most: number;
  /** The same exactly, which may take another look. */
  readonly count: () => Promise<number>;
  /** In the way of this step where others of the batch leave no room. */
  readonly step: StepName;
  /** What to say then; `added`: how many the others add. */
  readonly describe: (needed: number, added: number) => OperationError;
}

/** What requests before it in the batch add, for a message. */
export function addedBefore(added: number): string {
  return added === 0 ? "" : `, requests before this one in the batch add ${added}`;
}
