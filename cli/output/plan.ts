/** A plan: what each step would do, what blocks it, what needs approval, and how long it would take. */

import { endsIn, movesEnd } from "../../clients/request.ts";
import { count } from "../../src/domain/count.ts";
import { isChange } from "../../src/domain/operation/actions.ts";
import type { Estimate } from "../../src/domain/operation/estimate.ts";
import type { StepAction } from "../../src/domain/operation/operation.ts";
import type { Plan, PlannedStep, StepPlan } from "../../src/domain/operation/plan.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { lossText } from "../../src/domain/request/lossText.ts";
import { actionText } from "./action.ts";
import { facts } from "./facts.ts";
import { fixFacts } from "./fixFacts.ts";
import { printable } from "./printable.ts";
import { span } from "./times.ts";
import type { Style, View } from "./view.ts";

const signs: Readonly<Record<StepAction, readonly [sign: string, style: Style]>> = {
  create: ["+", "green"],
  adopt: ["=", "cyan"],
  update: ["~", "yellow"],
  keep: ["=", "cyan"],
  delete: ["-", "red"],
  none: [" ", "dim"],
  conflict: ["!", "red"],
};

export function planLines(title: string, plan: Plan, view: View): readonly string[] {
  const { steps, blocked, needsApproval, estimate, operation, removes = [] } = plan;
  const { paint } = view;
  if (operation !== undefined) {
    return [`${paint("bold", title)}  ${paint("green", "nothing to do")}`, ...facts([["done by", operation]], view)];
  }
  const blockers = steps.reduce((sum, each) => sum + each.blockers.length, 0);
  const state = blocked
    ? paint("red", `blocked by ${count(blockers, "problem")}; nothing would be written`)
    : paint("green", describeWrites(plan));
  const ends = plan.request ? endsIn(plan.request, plan.replaces) : [];
  const shown = isRenewal(plan) ? steps.filter((step) => step.blockers.length > 0) : steps;
  const nameWidth = Math.max(0, ...shown.map(({ name }) => stepInWords(name).length));
  const notices = [
    ...steps.flatMap((step) => (step.notices ?? []).map(({ message }) => message)),
    ...(plan.notices ?? []),
  ];
  return [
    `${paint("bold", title)}  ${state}`,
    ...facts(
      removes.map((loss) => ["removes", lossText(loss)] as const),
      view,
    ).map((line) => paint("red", line)),
    ...shown.flatMap((step) => stepPlanLines(step, nameWidth, view)),
    ...(needsApproval.length > 0 || estimate || notices.length > 0 || ends.length > 0 ? [""] : []),
    ...facts(
      [
        ...ends.map((end) => ["access ends", end] as const),
        ...needsApproval.map((reason) => ["approval", reason] as const),
        ["takes", estimate && describeEstimate(estimate)],
        ...unique(notices).map((message) => ["notice", message] as const),
      ],
      view,
    ),
  ];
}

/** `3 writes after approval` */
export function describeWrites(plan: Pick<Plan, "steps" | "needsApproval" | "request" | "replaces">): string {
  const approved = plan.needsApproval.length > 0 ? " after approval" : "";
  const writes = plan.steps.filter(({ action }) => isChange(action)).length;
  if (writes > 0) return `${count(writes, "write")}${approved}`;
  return isRenewal(plan) ? `moves the end of access${approved}` : "nothing to change";
}

/** Only Mooring's own record says when access ends: no step writes that. */
function isRenewal({ steps, request, replaces }: Pick<Plan, "steps" | "request" | "replaces">): boolean {
  return request !== undefined && !steps.some(({ action }) => isChange(action)) && movesEnd(request, replaces);
}

/** What the steps would write, without those that change nothing. */
export function writeLines(steps: readonly PlannedStep[], view: View): readonly string[] {
  const writes = steps.filter(({ action }) => isChange(action));
  const nameWidth = Math.max(0, ...writes.map(({ name }) => stepInWords(name).length));
  return writes.flatMap((step) => stepPlanLines({ ...step, blockers: [] }, nameWidth, view));
}

function stepPlanLines(
  step: Omit<StepPlan, "name"> & { readonly name: string },
  nameWidth: number,
  view: View,
): readonly string[] {
  const { name, target, action, differences, blockers } = step;
  const { paint, width } = view;
  const [sign, style] = signs[action];
  const shownName = stepInWords(name).padEnd(nameWidth);
  const shownTarget = printable(target);
  const said = actionText({ name, action });
  const head = `${sign} ${shownName}  ${shownTarget}  ${said}`.trimEnd();
  return [
    // Names are never cut; one that does not fit gets its own line.
    ...(width === undefined || head.length <= width
      ? [head]
      : [`${sign} ${shownName}  ${said}`.trimEnd(), `    ${shownTarget}`]
    ).map((line) => paint(style, line)),
    ...facts(
      differences.map((each) => [each.field, describeDifference(each, action)] as const),
      view,
      6,
    ),
    ...blockers.flatMap((blocker) =>
      facts([["blocked", `${blocker.code}: ${blocker.message}`], ...fixFacts(blocker)], view, 6),
    ),
  ];
}

function describeDifference({ current, desired }: StepPlan["differences"][number], action: StepAction): string {
  if (action === "create" && current === null) return desired ?? "";
  return `${current ?? "(not there)"} → ${desired ?? "(gone)"}`;
}

function describeEstimate({ least, most, approvalMinutes, operationsAhead }: Estimate): string {
  const range = span(least) === span(most) ? span(most) : `${span(least)} to ${span(most)}`;
  const ahead = operationsAhead > 0 ? `, with ${count(operationsAhead, "operation")} ahead` : "";
  return approvalMinutes === undefined ? `${range}${ahead}` : `${range}${ahead}, once it is approved`;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
