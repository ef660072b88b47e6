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
  return [renderState(operation, view), ...operation.steps.map((step) => renderStep(step, view, operation.kind))];
}

export function renderState({ kind, cluster, namespace, status, phase, ...times }: Operation, view: View): string {
  const { paint } = view;
  const what = `${kind} ${cluster}/${namespace}`;
  const isOver = phase === "done";
  const state = isOver ? `${status} in ${seconds(times.createdTime, times.endTime, view)}` : `${phase} …`;
  const style = status === "Succeeded" ? "green" : status === "Failed" ? "red" : "cyan";
  return `  ${paint("bold", what)}  ${paint(style, state)}`;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

export function renderStep(step: Step, view: View, kind: string): string {
  const { width, paint } = view;
  const duration = step.startTime === undefined ? "" : seconds(step.startTime, step.endTime, view);
  const widths = { name: 20, action: 9, duration: 6 };
  const others = 4 + widths.name + 1 + 1 + widths.action + widths.duration;
  const targetWidth = Math.min(Math.max(8, width - others), 33);
  const row = [
    `  ${signOf(step, view, kind)} ${step.name.padEnd(widths.name)}`,
    paint("dim", shorten(step.target, targetWidth).padEnd(targetWidth)),
    actionOf(step).padEnd(widths.action) + duration.padStart(widths.duration),
  ];
  const hand = byHand[step.name];
  if (hand !== undefined && others + targetWidth + 2 + hand.length <= width) row.push(paint("dim", ` ${hand}`));
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
export function shorten(text: string, width: number): string {
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
