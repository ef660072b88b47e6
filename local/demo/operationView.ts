/** An operation as lines of text: one for its state, one for each step. Pure, so that it can be drawn again and again. */
import { styleText } from "node:util";
import type { Operation, Step } from "./service.ts";

export interface View {
  readonly width: number;
  readonly now: Date;
  readonly paint: Paint;
}

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours only where the stream shows them; NO_COLOR and FORCE_COLOR are heeded. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export function renderOperation(operation: Operation, view: View): string[] {
  return [renderState(operation, view), ...operation.steps.map((step) => renderStep(step, view))];
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

export function renderStep(step: Step, view: View): string {
  const { width, paint } = view;
  const duration = step.startTime === undefined ? "" : seconds(step.startTime, step.endTime, view);
  const retry = step.attempts > 1 ? `, try ${step.attempts}` : "";
  const action = `${step.action === undefined || step.status === "NotStarted" ? "" : step.action}${retry}`;
  // What is left for the target: sign, name, action, duration, and the gaps between them.
  const room = Math.max(8, width - 4 - nameWidth - 2 - actionWidth - 2 - durationWidth);
  const targetWidth = Math.min(room, 42);
  const row = [
    `  ${signOf(step, view)} ${step.name.padEnd(nameWidth)}`,
    paint("dim", shorten(step.target, targetWidth).padEnd(targetWidth)),
    action.padEnd(actionWidth),
    duration.padStart(durationWidth),
  ];
  const hand = byHand[step.name];
  const used = 4 + nameWidth + 2 + targetWidth + 2 + actionWidth + 2 + durationWidth;
  if (hand !== undefined && used + 3 + hand.length <= width) row.push(paint("dim", ` ${hand}`));
  return row.join("  ").trimEnd();
}

const nameWidth = 20;
const actionWidth = 9;
const durationWidth = 6;

function signOf({ status, startTime }: Step, { now, paint }: View): string {
  switch (status) {
    case "Succeeded":
      return paint("green", "✔");
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

/** What somebody would have typed for the step; design's table of the walk-through. */
const byHand: Readonly<Record<string, string>> = {
  ensureIdentity: "az identity create",
  applyNamespace: "kubectl create namespace, configmap",
  grantDatabase: "CREATE USER, ALTER ROLE",
  applyServiceAccount: "kubectl annotate serviceaccount",
  federateIdentity: "az identity federated-credential create",
  applyPodIdentity: "kubectl apply AzureIdentity, …Binding",
  removeServiceAccount: "kubectl delete serviceaccount",
  removePodIdentity: "kubectl delete azureidentity, …binding",
  revokeDatabase: "DROP USER",
  unfederateIdentity: "az identity federated-credential delete",
  removeIdentity: "az identity delete",
  removeNamespace: "kubectl delete configmap, namespace",
};
