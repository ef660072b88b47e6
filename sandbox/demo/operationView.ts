/**
 * An operation as lines of text: one for its state and one for each step, or two where the name of its target does not fit
 * into one. Pure, so that it can be redrawn at any time.
 */

import { stripVTControlCharacters } from "node:util";
import { actionText } from "../../cli/output/action.ts";
import { headline } from "../../cli/output/operation.ts";
import { duration } from "../../cli/output/times.ts";
import type { View } from "../../cli/output/view.ts";
import type { OperationDocument, StepDocument } from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";

/** Always has a width, even in a pipe: people read that output, too. */
export interface BoundedView extends View {
  readonly width: number;
}

/** In an onboarding, a step that removes something is compensation. */
const removals = /^(remove|revoke|unfederate)/;

export function renderOperation(operation: OperationDocument, view: BoundedView): string[] {
  return [
    renderState(operation, view, { isHeader: true }),
    ...operation.steps.flatMap((step) => renderStep(step, view, operation.kind)),
  ];
}

/** As a header it names the steps' last column. */
export function renderState(
  operation: OperationDocument,
  view: BoundedView,
  { isHeader }: { isHeader: boolean },
): string {
  const state = `  ${headline(operation, view)}`;
  const { hand } = columnsOf(view);
  const gap = hand - stripVTControlCharacters(state).length;
  const fits = hand + handWidth <= view.width && gap > 0;
  return isHeader && fits ? `${state}${" ".repeat(gap)}${view.paint("dim", "by hand")}` : state;
}

const nameWidth = 27;
const actionWidth = 9;
const durationWidth = 6;

/** How wide the target may be, and where the last column begins. */
function columnsOf({ width }: BoundedView): { target: number; hand: number } {
  const others = 4 + nameWidth + 1 + 1 + actionWidth + durationWidth;
  const target = Math.min(Math.max(8, width - others), 32);
  return { target, hand: others + target + 2 };
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

/** The name of a target is never cut: what does not fit beside it continues on a second line. */
export function renderStep(step: StepDocument, view: BoundedView, kind: string): readonly string[] {
  const { paint } = view;
  const time = duration(step.startTime, step.endTime, view.now);
  const { target, hand } = columnsOf(view);
  const name = `  ${signOf(step, view, kind)} ${stepInWords(step.name).padEnd(nameWidth)}`;
  const named = `${name} ${paint("dim", step.target.padEnd(target))}`;
  const done = actionOf(step).padEnd(actionWidth) + time.padStart(durationWidth);
  const byOneself = hand + handWidth <= view.width ? paint("dim", `  ${byHand[step.name] ?? ""}`) : "";
  if (step.target.length <= target) return [`${named} ${done}${byOneself}`.trimEnd()];
  return [named, `${" ".repeat(hand - done.length - 2)}${done}${byOneself}`.trimEnd()].filter((line) => line !== "");
}

function actionOf({ attempts, ...step }: StepDocument): string {
  const done = step.status === "NotStarted" ? "" : actionText(step);
  if (attempts < 2) return done;
  return done === "" ? `try ${attempts}` : `${done} ×${attempts}`;
}

function signOf({ name, status, startTime }: StepDocument, { now, paint }: BoundedView, kind: string): string {
  switch (status) {
    case "Succeeded":
      return paint("green", kind !== "offboard" && removals.test(name) ? "↺" : "✔");
    case "Failed":
    case "Canceled":
      return paint("red", "✖");
    case "Running": {
      const age = now.getTime() - Date.parse(startTime ?? now.toISOString());
      return paint("cyan", frames[Math.floor(Math.max(age, 0) / frameMs) % frames.length] ?? "");
    }
    case "NotStarted":
      return paint("dim", "·");
  }
}

/** What a person would have typed for the step. */
const byHand: Readonly<Record<string, string>> = {
  ensureIdentity: "az identity create",
  applyNamespace: "kubectl create namespace",
  grantDatabase: "CREATE USER, ALTER ROLE",
  grantTarget: "az role assignment create",
  applyServiceAccount: "kubectl annotate sa",
  federateIdentity: "az … federated-credential",
  applyPodIdentity: "kubectl apply",
  applyProfile: "kubectl apply",
  removeServiceAccount: "kubectl delete sa",
  removePodIdentity: "kubectl delete",
  removeProfile: "kubectl delete",
  revokeDatabase: "DROP USER",
  revokeTarget: "az role assignment delete",
  unfederateIdentity: "az … federated-credential",
  removeIdentity: "az identity delete",
  removeNamespace: "kubectl delete",
};

const handWidth = Math.max(...Object.values(byHand).map(({ length }) => length));
