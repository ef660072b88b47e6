/**
 * A saga: steps with their undos. An undo is registered *before* its step runs, because a step that failed or timed out
 * may still have had its effect; so undos are keyed by the request and treat "not there" as success. When the body
 * throws, the undos run newest first; one that fails does not stop the rest, and is reported by name. Registered again, it is
 * the same undo, and keeps its place.
 */
import { type Patience, patience } from "./patience.ts";
import type { Durable, Work } from "./step.ts";

export type OnFailure = (name: string, undo: () => Work<unknown>) => void;

export interface FailedCompensation {
  readonly compensation: string;
  readonly error: unknown;
}

export class CompensationFailed extends Error {
  override readonly name = "CompensationFailed";
  readonly failures: readonly FailedCompensation[];

  constructor(failures: readonly FailedCompensation[], cause: unknown) {
    super(`could not be undone: ${failures.map(({ compensation }) => compensation).join(", ")}`, { cause });
    this.failures = failures;
  }
}

/** Runs the body; when it throws, undoes and then throws the cause, or CompensationFailed with the cause in it. */
export function* saga<T>(
  body: (onFailure: OnFailure) => Durable<T>,
  { beforeCompensation }: { beforeCompensation?: (cause: unknown) => void } = {},
): Durable<T> {
  const undos: Undo[] = [];
  try {
    return yield* body((name, undo) => {
      if (!undos.some((each) => each.name === name)) undos.push({ name, undo });
    });
  } catch (cause) {
    beforeCompensation?.(cause);
    const failures = yield* runUndos(undos.reverse());
    throw failures.length === 0 ? cause : new CompensationFailed(failures, cause);
  }
}

export interface Undo {
  readonly name: string;
  readonly undo: () => Work<unknown>;
}

/** Runs every undo in the given order, whether or not one before it failed, and returns those that did. */
export function* runUndos(undos: readonly Undo[]): Durable<readonly FailedCompensation[]> {
  // What the way up has waited for takes nothing from the way back.
  ((yield patience) as Patience).renew();
  const failures: FailedCompensation[] = [];
  for (const { name, undo } of undos) {
    try {
      yield* undo();
    } catch (error) {
      failures.push({ compensation: name, error });
    }
  }
  return failures;
}
