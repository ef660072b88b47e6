/**
 * A saga: steps with their undos. An undo is registered *before* its step runs, because a step that failed or timed out
 * may still have had its effect; so undos are keyed by the request and treat "not there" as success. When the body
 * throws, the undos run newest first; one that fails is reported by name and does not stop the rest. Registering an undo again
 * changes nothing: it keeps its place.
 */
import { type Patience, patience } from "./patience.ts";
import { type Persistence, persist } from "./persist.ts";
import type { Durable } from "./step.ts";
import type { FailedCompensation, Undo } from "./undo.ts";

export type OnFailure = (name: string, undo: Undo["undo"]) => void;

export class CompensationFailed extends Error {
  override readonly name = "CompensationFailed";
  readonly failures: readonly FailedCompensation[];

  constructor(failures: readonly FailedCompensation[], cause: unknown) {
    super(`could not be undone: ${failures.map(({ compensation }) => compensation).join(", ")}`, { cause });
    this.failures = failures;
  }
}

/** Runs the body; if it throws, runs the undos, then throws the cause, or CompensationFailed with the cause. */
export function* saga<T>(
  body: (onFailure: OnFailure) => Durable<T>,
  {
    beforeCompensation,
    persistence,
  }: { beforeCompensation?: (cause: unknown) => void; persistence?: Persistence | undefined } = {},
): Durable<T> {
  const undos: Undo[] = [];
  try {
    return yield* body((name, undo) => {
      if (!undos.some((each) => each.name === name)) undos.push({ name, undo });
    });
  } catch (cause) {
    beforeCompensation?.(cause);
    const failures = yield* runUndos(undos.reverse(), persistence);
    throw failures.length === 0 ? cause : new CompensationFailed(failures, cause);
  }
}

/**
 * Runs every undo in the given order, even after one has failed, and returns the failures. With `persistence`, those that are not
 * done go on; without, as in operations that 0.1.0 began, each is run once.
 */
export function* runUndos(undos: readonly Undo[], persistence?: Persistence): Durable<readonly FailedCompensation[]> {
  // The undos have their own time limit: waiting done by the steps does not count against it.
  ((yield patience) as Patience).renew();
  if (persistence) return yield* persist(undos, persistence);
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
