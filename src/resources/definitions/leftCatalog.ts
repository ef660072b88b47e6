/**
 * What an operation removes or repairs may be in a place that the catalog has dropped since. Where Mooring cannot reach it, or
 * may give nothing any more, the operation goes on with the rest, and the step says what is left as it was.
 */
import { type PermanentCode, PermanentError, TransientError } from "../../domain/errors.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice, toStepPlan } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import {
  type AnyStep,
  isUndo,
  type Planning,
  type StepContext,
  type StepDefinition,
  type StepInput,
  type StepResult,
  userOf,
} from "./step.ts";

const dropped: ReadonlySet<PermanentCode> = new Set<PermanentCode>([
  "UNKNOWN_CLUSTER",
  "UNKNOWN_SQL_SERVER",
  "UNKNOWN_DATABASE",
  // Only what gives looks at roles.
  "ROLE_NOT_ALLOWED",
  "UNKNOWN_TARGET",
  "ACCESS_NOT_ALLOWED",
  "UNKNOWN_PROFILE",
  // What asks before it gives (permit.ts).
  "TARGET_MOVED",
  "NOT_ALLOWED",
  "ENVIRONMENT_CROSSED",
  "EXPIRY_PASSED",
  "EXPIRY_NOT_ALLOWED",
  "APPROVAL_MISMATCH",
]);

function isDropped(error: unknown): error is PermanentError {
  return error instanceof PermanentError && dropped.has(error.code);
}

/** Why it cannot be reached: the catalog has dropped it, and that is certain or, if the error lasts, likely. */
function whyDropped(error: unknown): PermanentError | undefined {
  const lasting = error instanceof TransientError ? error.ifItLasts : error;
  return isDropped(lasting) ? lasting : undefined;
}

/** The same for a step, which leaves only what lasts: undefined if a further try may reach it. */
export async function whyLeft(
  error: unknown,
  { isLastTry }: Pick<StepContext, "isLastTry">,
): Promise<PermanentError | undefined> {
  return error instanceof TransientError && !(await isLastTry(error)) ? undefined : whyDropped(error);
}

/** What can be found, or else what to say of a name that the catalog has dropped. */
export function unlessDropped<T, E>(find: () => T, otherwise: (error: PermanentError) => E): T | E {
  try {
    return find();
  } catch (error) {
    if (!isDropped(error)) throw error;
    return otherwise(error);
  }
}

/** For a step that leaves what it cannot reach. */
export const leave = () => ({ action: "keep" }) as const;

/**
 * Runs the step; if it may leave what it cannot reach, it says so, after its last try where that might have passed. An undo never does:
 * it goes on or fails, and its operation names it.
 */
export async function runLeavingDropped<G extends object, O extends StepResult>(
  definition: Pick<StepDefinition<G, O>, "name" | "target" | "whenDropped" | "isAbout">,
  input: StepInput & G,
  { registry }: Pick<Ports, "registry">,
  step: Pick<StepContext, "notice" | "isLastTry">,
  run: () => Promise<O>,
): Promise<O> {
  try {
    return await run();
  } catch (error) {
    const left = isUndo(input) ? undefined : definition.whenDropped?.(input);
    const why = left && (await whyLeft(error, step));
    if (!why) throw error;
    const notice = noticeOfLeft(why, await madeThere({ registry }, definition.isAbout, input));
    // No record remembers it once the namespace is offboarded.
    if (input.looksAgain) {
      const { operation, cluster, namespace } = input;
      const place = { kind: definition.name, input };
      const row = { cluster, namespace, resource: "step", target: definition.target(input), place, operation } as const;
      await registry.rememberLeftover({ ...row, since: new Date().toISOString(), what: [notice.message] });
    }
    await step.notice([notice]);
    return left;
  }
}

/** The step's look, or undefined for a step that is not planned. It does not wait for what may pass, and says what it leaves if it lasts. */
export async function lookAt<G extends object, O extends StepResult>(
  { look, whenDropped, from, isAbout }: StepDefinition<G, O>,
  ports: Ports,
  operation: string,
  planning: Planning,
): Promise<StepPlan | undefined> {
  if (!look) return undefined;
  const { request, createdBy, step } = planning;
  const input = { operation, ...userOf(request), createdBy, ...from(planning, step.target) };
  try {
    return await look(ports, input, planning);
  } catch (error) {
    const left = createdBy === undefined ? whenDropped?.(input) : undefined;
    const why = whyDropped(error);
    if (!left || !why) throw error;
    return {
      ...toStepPlan(step, { action: "keep" }),
      notices: [noticeOfLeft(why, await madeThere(ports, isAbout, input))],
    };
  }
}

/** As the record names it; rows of 0.1.0 may not. */
async function madeThere(
  { registry }: Pick<Ports, "registry">,
  isAbout: AnyStep["isAbout"],
  namespaceRef: NamespaceRef,
): Promise<readonly string[]> {
  if (!isAbout) return [];
  const { things = [] } = (await registry.getNamespace(namespaceRef)) ?? {};
  const made = things.filter(({ thing, mark }) => mark !== "" && isAbout(thing));
  return made.map(({ thing }) => thing).toSorted();
}

export function noticeOfLeft(
  { message }: Pick<PermanentError, "message">,
  made: readonly string[] = [],
): OperationError {
  const named = made.length === 0 ? "." : `: ${made.join(", ")}.`;
  return toNotice("LEFT_IN_PLACE", `${message} What Mooring made there may still be there${named}`);
}
