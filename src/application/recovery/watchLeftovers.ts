/** Tries again what operations could not tidy up after they had revoked access, and forgets what is gone. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import { isHeld, requestsOf } from "../../domain/operation/lifecycle.ts";
import type { Stored } from "../../domain/operation/records.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Resource } from "../../resources/definitions/resource.ts";
import type { StepContext } from "../../resources/definitions/step.ts";
import { resourceSteps, resources } from "../../resources/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { gateWrites } from "../steps/gateWrites.ts";

type Log = Record<"log" | "warn", (line: string) => void>;

export interface LeftoverWatch {
  /** Called by the drift timer; looks as often as at a namespace. */
  look(context: Log): Promise<void>;
}

export function watchLeftovers(ports: Ports): LeftoverWatch {
  let lookedAt: number | undefined;
  return {
    async look(context) {
      const now = performance.now();
      if (lookedAt !== undefined && now - lookedAt < ports.catalog.drift.everyMinutes * 60_000) return;
      lookedAt = now;
      await tidyLeftovers(ports, context);
    },
  };
}

export async function tidyLeftovers(ports: Ports, context: Log): Promise<void> {
  for (const left of await ports.registry.listLeftovers()) {
    const facts = { namespace: namespaceKey(left), target: left.target, operation: left.operation };
    try {
      const what = await tryAgain(ports, left);
      if (what.length > 0) context.log(logLine("still to tidy up", { ...facts, what: what.join(" ") }));
      else context.log(logLine("tidied up", facts));
    } catch (error) {
      if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
      context.warn(logLine("not tidied up", { ...facts, reason: messageOf(error) }));
    }
  }
}

/**
 * What stays. An operation that holds the namespace tidies up what it revokes, and gives what it is asked for: it may begin at any moment,
 * so each write looks first.
 */
async function tryAgain(ports: Ports, left: Stored<Leftover>): Promise<readonly string[]> {
  const record = await ports.registry.getNamespace(left);
  if (record && isHeld(record)) return left.what;
  const expectNoOther = async () => {
    const current = await ports.registry.getNamespace(left);
    if (current?.operation !== record?.operation)
      throw new PermanentError(
        "OPERATION_ENDED",
        `Operation ${current?.operation} has begun for ${namespaceKey(left)}.`,
      );
  };
  const what = await tidyUp(gateWrites(ports, expectNoOther), left, record ? requestsOf(record) : []);
  if (what.length === 0) await ports.registry.forgetLeftover(left);
  return what;
}

async function tidyUp(ports: Ports, left: Leftover, kept: readonly OnboardingRequest[]): Promise<readonly string[]> {
  if (left.resource !== "step") {
    const { tidyUp }: Resource = resources[left.resource];
    return tidyUp ? await tidyUp(ports, left, kept) : left.what;
  }
  // A namespace that has a record again has operations that see to it.
  if (kept.length > 0) return [];
  const { kind, input } = left.place;
  const step = lookUp(resourceSteps, kind);
  const ended = await step?.run(step.input.parse(input), ports, unrecorded);
  return ended && ended.waitsUntil === undefined ? [] : left.what;
}

/** Of a step that runs by itself: its operation has ended, and nobody follows it. */
export const unrecorded: StepContext = {
  invocation: { invocationId: "", log: () => undefined, warn: () => undefined },
  willDo: async () => undefined,
  earlier: async () => undefined,
  notice: async () => undefined,
  isLastTry: async () => true,
  expectAfresh: async () => undefined,
  commit: async () => undefined,
  plan: async () => {
    throw new Error("the step is run by itself");
  },
};
