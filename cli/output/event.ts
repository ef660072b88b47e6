/** What happened, on one line. */
import type { AnyChange, ItemChange, StepChange } from "../../src/domain/documents/feed.ts";
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import type { ServerEvent } from "../service/events.ts";
import { actionText } from "./action.ts";
import { targetOf } from "./operation.ts";
import { printable } from "./printable.ts";
import { styleOf } from "./status.ts";
import type { View } from "./view.ts";

/** Undefined for what the line before has said. `isOfAll`: the lines are of many operations, and each says of which. */
export function describeEvent(
  { event, data }: ServerEvent,
  view: View,
  { isOfAll }: { isOfAll: boolean },
): string | undefined {
  const { paint, now } = view;
  const told = (time: string | undefined, what: string, status: OperationStatus, more: string) =>
    [
      paint("dim", clock(time ?? now.toISOString())),
      printable(what),
      paint(styleOf({ status }), status),
      printable(more),
    ]
      .filter((part) => part !== "")
      .join("  ");
  switch (event) {
    case "operation": {
      const operation = data as AnyChange;
      const { id, kind, status, phase, startTime, endTime, error } = operation;
      const what = `${kind} ${targetOf(operation)}${isOfAll || view.isWide ? ` ${id}` : ""}`;
      const more = error ? `${error.code}: ${error.message}` : phase === "done" ? "" : phase;
      return told(endTime ?? startTime, what, status, more);
    }
    case "step": {
      const step = data as StepChange;
      const { cluster, namespace, name, target, status, action, attempts, error, startTime, endTime } = step;
      const what = `${isOfAll ? `${cluster}/${namespace} ` : "  "}${name} ${target}`;
      const tries = attempts > 1 ? `try ${attempts}` : "";
      const more = [actionText({ name, action }), tries, error ? `${error.code}: ${error.message}` : ""];
      return told(endTime ?? startTime, what, status, more.filter((part) => part !== "").join("  "));
    }
    case "item": {
      const { cluster, namespace, status, outcome = "", error, startTime, endTime } = data as ItemChange;
      const more = error ? `${error.code}: ${error.message}` : outcome;
      return told(endTime ?? startTime, `  ${cluster}/${namespace}`, status, more);
    }
    default:
      return undefined;
  }
}

/** Local time of day. */
function clock(time: string): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
