/** How long an undo waits for a step that may still write: not as long as its own function may run. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { plannedOf } from "../../../src/application/operation/plannedOf.ts";
import { closeForward } from "../../../src/application/steps/closeForward.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { acceptOnboarding } from "../../../src/functions/acceptance/acceptance.ts";
import { createAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

const start = Date.parse("2026-11-27T12:00:00.000Z");
const { functionTimeout } = JSON.parse(readFileSync("host.json", "utf8")) as { functionTimeout: string };
const [hours = 0, minutes = 0, seconds = 0] = functionTimeout.split(":").map(Number);
const limitMs = ((hours * 60 + minutes) * 60 + seconds) * 1_000;

async function onboarding(): Promise<OperationRecord> {
  const cloud = createFakeCloud();
  const databases = [{ server: "sql-dev", database: "messages", roles: ["reader" as const] }];
  const request = OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
  const { operation } = await acceptOnboarding(createAcceptanceContext(cloud), request);
  const record = cloud.operations.get(operation);
  if (!record) throw new Error("it is not accepted");
  return record;
}

/** An attempt of an undo, begun so long after the last change of a step whose process has died. Says when it ended, and how. */
async function attempt(operation: OperationRecord, afterMs: number): Promise<{ endedMs: number; error: unknown }> {
  let now = start + afterMs;
  const [first] = plannedOf(operation);
  if (!first) throw new Error("it has no steps");
  const startTime = new Date(start).toISOString();
  const died: StepRecord = { ...first, status: "Running", attempts: 1, startTime, changedTime: startTime };
  const registry = { closeSteps: async () => [died] };
  const clock = {
    now: () => now,
    async pause(ms: number) {
      now += ms;
    },
  };
  const error: unknown = await closeForward(registry, operation, clock).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { endedMs: now - start, error };
}

it.each([0, 1_000, 10_000, 100_000])(
  "ends by itself %d ms after the step's last change, to be retried",
  async (afterMs) => {
    const operation = await onboarding();

    const { endedMs, error } = await attempt(operation, afterMs);
    const again = await attempt(operation, endedMs);

    expect(error).toMatchObject({ name: "TransientError", code: "STEP_UNDER_WAY" });
    expect(endedMs - afterMs).toBeLessThanOrEqual(limitMs - 180_000);
    expect(again.error).toBeUndefined();
    expect(again.endedMs).toBeGreaterThanOrEqual(limitMs);
    expect(again.endedMs).toBeLessThanOrEqual(limitMs + 5_000);
  },
);

it("waits out what is left of the time that a function may run", async () => {
  const { endedMs, error } = await attempt(await onboarding(), limitMs - 100_000);

  expect(error).toBeUndefined();
  expect(endedMs).toBeGreaterThanOrEqual(limitMs);
});
