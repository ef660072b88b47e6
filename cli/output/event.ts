/** One line for each event. */

import type { AnyChange, ItemChange, StepChange } from "../../src/domain/documents/feed.ts";
import type { OperationStatus } from "../../src/domain/operation/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import type { ServerEvent } from "../service/events.ts";
import { actionText } from "./action.ts";
import { targetOf } from "./operation.ts";
import { printable } from "./printable.ts";
import { styleOf } from "./status.ts";
import type { View } from "./view.ts";

export interface EventContext {
  /** The lines come from many operations, so each names its own. */
  readonly isOfAll: boolean;
  readonly clock: Clock;
}

/** Undefined when the previous line already said it. */
export function describeEvent(
  { event, data }: ServerEvent,
  view: View,
  { isOfAll, clock }: EventContext,
): string | undefined {
  const { paint, now } = view;
  const line = (moment: Moment, what: string, status: OperationStatus, more: string) =>
    [paint("dim", timeOfDay(clock(moment, now))), printable(what), paint(styleOf({ status }), status), printable(more)]
      .filter((part) => part !== "")
      .join("  ");
  switch (event) {
    case "operation": {
      const operation = data as AnyChange;
      const { id, kind, status, phase, createdTime, startTime = createdTime, endTime, error } = operation;
      const what = `${kind} ${targetOf(operation)}${isOfAll || view.isWide ? ` ${id}` : ""}`;
      const more = error ? `${error.code}: ${error.message}` : phase === "done" ? "" : phase;
      return line({ of: id, startTime, endTime }, what, status, more);
    }
    case "step": {
      const step = data as StepChange;
      const { operation, cluster, namespace, name, target, status, action, attempts, error } = step;
      const what = `${isOfAll ? `${cluster}/${namespace} ` : "  "}${stepInWords(name)} ${target}`;
      const tries = attempts > 1 ? `try ${attempts}` : "";
      const more = [actionText({ name, action }), tries, error ? `${error.code}: ${error.message}` : ""];
      const moment = { of: `${operation} ${name} ${target}`, startTime: step.startTime, endTime: step.endTime };
      return line(moment, what, status, more.filter((part) => part !== "").join("  "));
    }
    case "item": {
      const { batch, index, cluster, namespace, status, outcome = "", error, startTime, endTime } = data as ItemChange;
      const more = error ? `${error.code}: ${error.message}` : outcome;
      return line({ of: `${batch} ${index}`, startTime, endTime }, `  ${cluster}/${namespace}`, status, more);
    }
    default:
      return undefined;
  }
}

/** When the subject of an event began and ended. */
interface Moment {
  readonly of: string;
  readonly startTime: string | undefined;
  readonly endTime: string | undefined;
}

type Clock = (moment: Moment, now: Date) => Date;

/**
 * The time to print for an event: when its subject ended, or, the first time it is mentioned, when it began. Events do not say when
 * a change between the two happened, so those get the time of arrival. Events overlap, but no line is earlier than the one above.
 */
export function createClock(): Clock {
  const mentioned = new Set<string>();
  let latest = 0;
  return ({ of, startTime, endTime }, now) => {
    const own = endTime ?? (mentioned.has(of) ? undefined : startTime);
    mentioned.add(of);
    latest = Math.max(latest, own === undefined ? now.getTime() : Date.parse(own));
    return new Date(latest);
  };
}

/** In local time. */
function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
