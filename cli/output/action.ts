import type { StepAction } from "../../src/domain/operation/operation.ts";

/** Steps that only look have no action to show, only how they ended. */
const looks: ReadonlySet<string> = new Set([
  "preflight",
  "checkNamespace",
  "checkDependants",
  "takeInventory",
  "checkPods",
  "verify",
  "verifySideBySide",
  "verifyRemoval",
]);

/** What a step did, or would do, in one word. */
export function actionText({ name, action }: { name: string; action?: StepAction | undefined }): string {
  if (action === undefined || looks.has(name)) return "";
  return action === "none" ? "unchanged" : action;
}
