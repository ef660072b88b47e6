/** An operation as lines of text: one for its state, one for each step. Pure, so that it can be drawn again and again. */
import { styleText } from "node:util";
import type { Operation, Step } from "./service.ts";

export interface View {
  readonly width: number;
  readonly now: Date;
  readonly paint: Paint;
}

/** In an onboarding, what takes something away is compensation. */
const removals = /^(remove|revoke|unfederate)/;

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours only where the stream shows them; NO_COLOR and FORCE_COLOR are heeded. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export function renderOperation(operation: Operation, view: View): string[] {
  return [
    renderState(operation, view, { isHeader: true }),
    ...operation.steps.map((step) => renderStep(step, view, operation.kind)),
  ];
}

/** As a header it says what the steps' last column is. */
export function renderState(
  { kind, cluster, namespace, status, phase, ...times }: Operation,
  view: View,
  { isHeader }: { isHeader: boolean },
): string {
  const { paint } = view;
  const what = `${kind} ${cluster}/${namespace}`;
  const state = phase === "done" ? `${status} in ${seconds(times.createdTime, times.endTime, view)}` : `${phase} …`;
  const style = status === "Succeeded" ? "green" : status === "Failed" ? "red" : "cyan";
  const { hand } = columnsOf(view);
  const gap = hand - 2 - what.length - 2 - state.length;
  const header =
    isHeader && hand + handWidth <= view.width && gap > 0 ? `${" ".repeat(gap)}${paint("dim", "by hand")}` : "";
  return `  ${paint("bold", what)}  ${paint(style, state)}${header}`;
}

const nameWidth = 20;
const actionWidth = 9;
const durationWidth = 6;

/** How wide the target may be, and where the last column begins. */
function columnsOf({ width }: View): { target: number; hand: number } {
  const others = 4 + nameWidth + 1 + 1 + actionWidth + durationWidth;
  const target = Math.min(Math.max(8, width - others), 32);
  return { target, hand: others + target + 2 };
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

export function renderStep(step: Step, view: View, kind: string): string {
  const { paint } = view;
  const duration = step.startTime === undefined ? "" : seconds(step.startTime, step.endTime, view);
  const { target, hand } = columnsOf(view);
  const row = [
    `  ${signOf(step, view, kind)} ${step.name.padEnd(nameWidth)}`,
    paint("dim", shorten(step.target, target).padEnd(target)),
    actionOf(step).padEnd(actionWidth) + duration.padStart(durationWidth),
  ];
  if (hand + handWidth <= view.width) row.push(paint("dim", ` ${byHand[step.name] ?? ""}`));
  return row.join(" ").trimEnd();
}

/** Steps that only look have nothing to say but how they ended. */
const looks = new Set(["preflight", "verify", "verifyRemoval"]);

function actionOf({ name, action = "", status, attempts }: Step): string {
  const done = looks.has(name) || status === "NotStarted" ? "" : action;
  if (attempts < 2) return done;
  return done === "" ? `try ${attempts}` : `${done} ×${attempts}`;
}

function signOf({ name, status, startTime }: Step, { now, paint }: View, kind: string): string {
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

function seconds(start: string, end: string | undefined, { now }: View): string {
  const ms = (end === undefined ? now.getTime() : Date.parse(end)) - Date.parse(start);
  return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
}

/** Cut in the middle: both ends of a name tell it from others. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}

/** What somebody would have typed for the step. */
const byHand: Readonly<Record<string, string>> = {
  ensureIdentity: "az identity create",
  applyNamespace: "kubectl create namespace",
  grantDatabase: "CREATE USER, ALTER ROLE",
  applyServiceAccount: "kubectl annotate sa",
  federateIdentity: "az … federated-credential",
  applyPodIdentity: "kubectl apply",
  removeServiceAccount: "kubectl delete sa",
  removePodIdentity: "kubectl delete",
  revokeDatabase: "DROP USER",
  unfederateIdentity: "az … federated-credential",
  removeIdentity: "az identity delete",
  removeNamespace: "kubectl delete",
};

const handWidth = Math.max(...Object.values(byHand).map(({ length }) => length));
