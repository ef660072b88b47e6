/**
 * What an activity gets from the runtime, and what it reports to it: the runtime writes the text of a failure into its own
 * spans.
 */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { activity, providePorts } from "../../src/activities/host.ts";
import { runStep } from "../../src/application/steps/runStep.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { defineStep, StepResult } from "../../src/resources/definitions/step.ts";
import { logLine } from "../../src/telemetry/logLine.ts";
import { inSpan } from "../../src/telemetry/spans.ts";
import { callActivity } from "../support/durableRunner.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";

beforeAll(() => {
  providePorts(createFakeCloud().ports);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider());
});
afterAll(() => {
  context.disable();
  trace.disable();
});

const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const hostile = "SELECT pin WHERE name = N'secret-name' -- ada@example.org, 10.9.8.7";

const told = activity({
  name: "tellsWhereItIs",
  input: z.object({ operation: z.string(), traceparent: z.string() }),
  output: z.object({ traceId: z.string(), line: z.string() }),
  run: () => inSpan("x", {}, async (span) => ({ traceId: span.spanContext().traceId, line: logLine("done") })),
});

it("continues the trace that its input names when the host gives it none", async () => {
  expect(await callActivity(told.activityName, { operation: "1-2", traceparent })).toEqual({
    result: { traceId, line: `done operation="1-2" traceId="${traceId}"` },
  });
});

const failures = {
  unforeseen: new Error(hostile),
  passing: new TransientError("ARM_UNAVAILABLE", hostile),
  withHostileCode: Object.assign(new Error(hostile), { code: "secret-name" }),
};
const kind = z.enum(["unforeseen", "passing", "withHostileCode"]);

const failing = activity({
  name: "fails",
  input: z.object({ kind }),
  output: z.object({}),
  async run(input) {
    throw failures[input.kind];
  },
});
const step = defineStep({
  name: "applyNamespace",
  given: { kind },
  output: StepResult,
  target: "namespace",
  from: () => ({ kind: "passing" as const }),
  async run(input) {
    throw failures[input.kind];
  },
});
const failingStep = activity({
  name: "failsInAStep",
  input: step.input,
  output: StepResult,
  run: (input, ports, invocation) => runStep(step, input, ports, invocation),
});

it.each(kind.options)("reports to the runtime only a code, and no text, of a failure that is %s", async (each) => {
  const code = each === "passing" ? "ARM_UNAVAILABLE" : "UNEXPECTED";
  const retry = { firstIntervalMs: 1, maxIntervalMs: 1, attempts: 2 };
  const input = { operation: "1-2", cluster: "aks-dev", namespace: "team-a", retry, requestedBy: "x", kind: each };

  const ofActivity = await callActivity(failing.activityName, { kind: each }).catch((error: unknown) => error);
  const ofStep = await callActivity(failingStep.activityName, input).catch((error: unknown) => error);

  expect(String(ofActivity)).toMatch(new RegExp(`^Error: \\[${code}\\] [A-Z]`));
  expect(String(ofStep)).toBe(
    `Error: [${code}] Step applyNamespace of aks-dev/team-a did not succeed. {"name":"applyNamespace","target":"aks-dev/team-a"}`,
  );
  for (const error of [ofActivity, ofStep]) {
    const { message, stack, cause } = error as Error;
    expect([message, stack, String(cause)].join("\n")).not.toMatch(/secret-name|SELECT|ada@|10\.9/);
  }
});
