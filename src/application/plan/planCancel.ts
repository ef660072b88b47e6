/** What a cancel would undo now: the undos of the steps that the operation has begun, each with a look at what is there. */
import { count } from "../../domain/count.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { BatchItem, OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, stepText } from "../../domain/operation/stepName.ts";
import type { Ports } from "../../ports/index.ts";
import { removals } from "../operation/handOver.ts";
import { courseOf, knownIn, plannedOf } from "../operation/plannedOf.ts";
import { registeredUndos, undoStep } from "../process/undoStages.ts";
import { planCompensation } from "./planCompensation.ts";

export async function planCancel(ports: Ports, record: OperationRecord): Promise<Plan> {
  const { id, request, earlier, migration } = record;
  const steps = await ports.registry.listSteps(id);
  const planned = plannedOf(record, steps);
  const own = steps.filter((step) => planned.some((each) => isSameStep(each, step)));
  const notices = noticesOf(record, { own, undone: steps.filter((step) => !own.includes(step)) });
  const undos = registeredUndos(courseOf(record), knownIn(record, steps), own).filter((undo) => {
    const step = undoStep(request, undo);
    // An undo that has already run, after a failure, does not run again.
    return !steps.some((each) => step && isSameStep(each, step) && isFinal(each.status));
  });
  if (undos.length === 0) return { ...toPlan([]), notices };
  const clientId = migration && (await ports.registry.getNamespace(record))?.clientId;
  const plan = await planCompensation(ports, {
    ...{ operation: id, request, earlier, createdBy: id, undos },
    ...(clientId === undefined ? {} : { clientId, migration }),
  });
  return { ...plan, notices };
}

interface Progress {
  /** Steps that the operation was to run. */
  readonly own: readonly StepRecord[];
  /** Undos that have begun. */
  readonly undone: readonly StepRecord[];
}

function noticesOf({ kind, approval }: OperationRecord, { own, undone }: Progress): readonly string[] {
  const changed = own.filter(({ status, action }) => status === "Succeeded" && action !== "none").map(stepText);
  const keeps = kind === "offboard" || kind === "repair";
  const notices: string[] = [];
  if (kind === "offboard") {
    notices.push(
      changed.length === 0
        ? "An offboarding undoes nothing. It has removed nothing so far."
        : `An offboarding undoes nothing. Removed so far, and not restored: ${changed.join(", ")}. The namespace will be Incomplete: offboard it again to remove the rest, or onboard it to restore it.`,
    );
  } else if (kind === "repair") {
    const kept = changed.length === 0 ? "It has changed nothing so far." : `Repaired so far: ${changed.join(", ")}.`;
    notices.push(`A repair undoes nothing: what it has repaired stays. ${kept}`);
  }
  const removed = removals(own).map(stepText);
  if (removed.length > 0 && !keeps) {
    notices.push(
      `Taken away from the team that had the namespace, and not given back: ${removed.join(", ")}. The namespace will be Incomplete.`,
    );
  }
  if (undone.length > 0) notices.push("It has failed, and is undoing already; a cancel changes nothing of that.");
  if (approval && !approval.decision) return [...notices, "It waits for approval, and has written nothing."];
  const become = keeps ? "stays, too" : "is undone, too";
  for (const step of own.filter(({ status }) => !isFinal(status))) {
    notices.push(`${stepText(step)} is at work: what it does before it sees the cancel ${become}.`);
    if (kind === "migrate") notices.push(`Should ${stepText(step)} fail by itself, the phases before it stay.`);
  }
  if (undone.length === 0) notices.push(`What the operation begins before it sees the cancel ${become}.`);
  return notices;
}

/** A batch has no undos of its own: it passes the cancel on, and each of its operations undoes its own work. */
export function planBatchCancel(items: readonly BatchItem[]): Plan {
  const having = (status: BatchItem["status"]) => items.filter((item) => item.status === status);
  const running = having("Running");
  const own = running.filter(({ operation, claim }) => operation !== undefined && operation === claim);
  const looking = running.filter(({ operation, claim }) => operation === undefined && claim === undefined);
  const named = own.slice(0, mostNamed).map(({ operation }) => operation);
  const more = own.length > named.length ? `, and ${own.length - named.length} more` : "";
  const say = (number: number, text: string) =>
    number === 0 ? [] : [`${number} of ${count(items.length, "namespace")} ${text}`];
  return {
    ...toPlan([]),
    notices: [
      ...say(having("NotStarted").length, "have not begun, and never begin."),
      ...say(
        own.length,
        `are canceled; a dry run of their own cancel says what that undoes: ${named.join(", ")}${more}.`,
      ),
      ...say(looking.length, "are being verified, which changes nothing, and will finish."),
      ...say(
        running.length - own.length - looking.length,
        "are left to operations that are not the batch's own, or are just being taken.",
      ),
      ...say(having("Succeeded").length, "have succeeded, and stay."),
      ...say(
        having("Failed").length + having("Canceled").length,
        "have failed or were canceled, and are left as they are.",
      ),
      "Items that begin or end before the cancel reaches them are treated as they are then.",
    ],
  };
}

const mostNamed = 10;
