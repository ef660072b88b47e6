/**
 * The steps of an operation.
 *
 * | table        | partition    | row           |
 * | MooringSteps | operation id | `name:target` |
 */
import type { StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, type StepKey } from "../../domain/operation/stepName.ts";
import type { Registry } from "../../ports/registry.ts";
import type { Table } from "./tables.ts";

type Steps = Pick<Registry, "listSteps" | "getStep" | "startStep" | "repeatStep" | "closeSteps" | "updateStep">;

export function createStepsOn(steps: Table<StepRecord>): Steps {
  return {
    listSteps: async (operation) => (await steps.all([["PartitionKey", operation]])).filter(hasBegun),
    getStep: (operation, step) => steps.get(operation, stepRow(step)),
    async startStep(operation, step, startTime) {
      const first: StepRecord = { ...step, status: "Running", attempts: 1, startTime, isOpen: true };
      if (await steps.insert(operation, stepRow(step), first)) return undefined;
      return await steps.get(operation, stepRow(step));
    },
    async repeatStep(operation, step, attempts, unanswered) {
      await steps.merge(operation, stepRow(step), { status: "Running", attempts, isOpen: true, ...unanswered });
    },
    async closeSteps(operation, wanted, startTime) {
      const read = () => steps.all([["PartitionKey", operation]]);
      const known = await read();
      const missing = wanted.filter((step) => !known.some((each) => isSameStep(each, step)));
      const closed = await Promise.all(
        missing.map((step) =>
          steps.insert(operation, stepRow(step), { ...step, status: "NotStarted", attempts: 0, startTime }),
        ),
      );
      // A step that began in between has a row after all.
      return (closed.every(Boolean) ? known : await read()).filter(hasBegun);
    },
    updateStep: (operation, step, changes) => steps.merge(operation, stepRow(step), changes),
  };
}

/** The row of a closed step only keeps its first attempt from being taken for the first. */
function hasBegun({ status }: StepRecord): boolean {
  return status !== "NotStarted";
}

/** A row key may not contain `/ \ # ?` (Table service data model), but may contain `%`. */
function stepRow({ name, target }: StepKey): string {
  return encodeURIComponent(`${name}:${target}`);
}
