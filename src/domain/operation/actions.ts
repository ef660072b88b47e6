/** What follows from the action of a step. Total: another action does not compile before each table has it. */
import type { StepAction } from "./operation.ts";

type Table<T> = { readonly [A in StepAction]: T };

const changing: Table<boolean> = {
  create: true,
  adopt: true,
  update: true,
  none: false,
  keep: true,
  delete: true,
  conflict: false,
};

/** Whether anything is Mooring's, or as it is, because of the action. */
export function isChange(action: StepAction): boolean {
  return changing[action];
}

const writing: Table<boolean> = { ...changing, adopt: false };

/** Whether the action usually writes the thing itself; one that is adopted may stay as it is. */
export function isWrite(action: StepAction): boolean {
  return writing[action];
}

const strength: Table<number> = { none: 0, adopt: 1, keep: 2, update: 3, create: 4, delete: 5, conflict: 6 };

/** Of several things: `none` if there are none. */
export function strongest(actions: readonly StepAction[]): StepAction {
  return actions.reduce<StepAction>((most, each) => (strength[each] > strength[most] ? each : most), "none");
}
