/** Failures that outlast the runtime's own retries: the orchestration waits for them by its clock, up to a limit. */
import { beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { createActivityHost, StepFailed } from "../../src/durable/activity.ts";
import { orchestration } from "../../src/durable/orchestration.ts";
import { CompensationFailed, runUndos, saga } from "../../src/durable/saga.ts";
import { all, type Durable } from "../../src/durable/step.ts";
import { type HistoryEvent, runOrchestration } from "../support/durableRunner.ts";

class Lingers extends Error {}
class Refused extends Error {}

const retry = { firstIntervalMs: 1_000, maxIntervalMs: 8_000, attempts: 2, authenticationTimeoutMs: 60_000 };

/** What each attempt received about the next one. */
let told: { name: string; nextMs: number | undefined; isFirst: boolean }[] = [];
/** How many attempts of each are still to fail. */
let failing: Record<string, number> = {};

const host = createActivityHost<object>({
  permanentFailure: (error) => (error instanceof Refused ? { code: "LINGERS", message: "never" } : undefined),
  lingeringFailure: (error) => (error instanceof Lingers ? { code: "LINGERS", message: "not yet" } : undefined),
  describe: (error) => ({ code: "UNEXPECTED", message: String(error) }),
  forRuntime: () => ({ code: "UNEXPECTED", message: "it failed" }),
});
host.providePorts({});

const Input = z.object({ name: z.string(), retrial: z.object({ nextMs: z.number().optional() }).optional() });
const tryIt = host.activity({
  name: "tryIt",
  input: Input,
  output: z.string(),
  async run({ name, retrial }) {
    told.push({ name, nextMs: retrial?.nextMs, isFirst: retrial === undefined });
    if (name === "refused") throw new Refused();
    const left = failing[name] ?? 0;
    failing[name] = left - 1;
    if (left > 0) throw new Lingers();
    return name;
  },
});
let body: (context: Parameters<typeof all>[0]) => Durable<unknown>;
orchestration({ name: "patient", input: z.unknown(), run: (context) => body(context) });

beforeEach(() => {
  told = [];
  failing = {};
});

async function run(work: typeof body) {
  body = work;
  // Every turn runs twice, as after a crash before it was recorded.
  return await runOrchestration("patient", null, { turnAgain: () => true, together: (open) => open });
}

function timersOf(history: readonly HistoryEvent[]): number {
  return history.filter(({ EventType }) => EventType === 11).length;
}

function secondsOf(history: readonly HistoryEvent[]): number {
  const times = history.map(({ Timestamp }) => Date.parse(String(Timestamp)));
  return (Math.max(...times) - Math.min(...times)) / 1_000;
}

const call = (name: string) => tryIt({ name }, retry);

it("retries for longer than the runtime's attempts, doubling the wait each time", async () => {
  failing = { a: 6 };

  const { output, history } = await run(function* () {
    return yield* call("a");
  });

  expect(output).toBe("a");
  expect(told.map(({ nextMs }) => nextMs)).toEqual([undefined, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]);
  expect(Math.round(secondsOf(history))).toBe(1 + 2 + 4 + 8 + 8 + 8);
});

it("ends with the last attempt's error when the time is over", async () => {
  failing = { a: Number.POSITIVE_INFINITY };
  let caught: unknown;

  const { history } = await run(function* () {
    try {
      return yield* call("a");
    } catch (error) {
      caught = error;
      return undefined;
    }
  });

  expect(caught).toBeInstanceOf(StepFailed);
  expect(caught).toMatchObject({ code: "LINGERS", isLingering: false });
  expect(Math.round(secondsOf(history))).toBe(60);
  // Only the last attempt knows that it is the last.
  expect(told.filter(({ nextMs, isFirst }) => nextMs === undefined && !isFirst)).toEqual([told.at(-1)]);
});

it("retries parallel steps together, and only those that failed", async () => {
  failing = { a: 3, b: 1 };

  const { output, history } = await run((context) => all(context, [call("a"), call("b"), call("c")]));

  expect(output).toEqual(["a", "b", "c"]);
  expect(told.map(({ name }) => name).join("")).toBe("abcabaa");
  expect(timersOf(history)).toBe(3);
});

it("waits once for all undos, separately from the wait of the steps", async () => {
  failing = { up: Number.POSITIVE_INFINITY, one: Number.POSITIVE_INFINITY, two: Number.POSITIVE_INFINITY };
  let caught: unknown;

  const { history } = await run(function* () {
    try {
      return yield* saga(function* (onFailure) {
        onFailure("one", () => call("one"));
        onFailure("two", () => call("two"));
        onFailure("three", () => call("three"));
        return yield* call("up");
      });
    } catch (error) {
      caught = error;
      return undefined;
    }
  });

  expect(caught).toBeInstanceOf(CompensationFailed);
  expect(caught).toMatchObject({ failures: [{ compensation: "two" }, { compensation: "one" }] });
  expect(Math.round(secondsOf(history))).toBe(120);
  // Undos without time left still get two attempts: the second one knows that it is the last, and records it so.
  expect(told.filter(({ name }) => name === "one")).toHaveLength(2);
});

it("waits the full time again for a second fault when the first has passed", async () => {
  failing = { a: 6, b: 6 };

  const { output, history } = await run(function* () {
    const a = yield* tryIt({ name: "a" }, { ...retry, authenticationTimeoutMs: 40_000 });
    const b = yield* tryIt({ name: "b" }, { ...retry, authenticationTimeoutMs: 40_000 });
    return a + b;
  });

  expect(output).toBe("ab");
  expect(Math.round(secondsOf(history))).toBe(62);
});

it("waits ten minutes in an operation that was started before the catalog could set the time", async () => {
  const older = { firstIntervalMs: 1_000, maxIntervalMs: 60_000, attempts: 2 };
  failing = { a: Number.POSITIVE_INFINITY };

  const { status, history } = await run(function* () {
    return yield* tryIt({ name: "a" }, older);
  });

  expect(status).toBe("Failed");
  expect(Math.round(secondsOf(history))).toBe(600);
});

it("does not wait for a failure without the mark, such as one that an earlier release recorded", async () => {
  const { output, history } = await run(function* () {
    return (yield* runUndos([{ name: "old", undo: () => call("refused") }])).map(({ error }) => String(error));
  });

  expect(output).toEqual(["StepFailed: never"]);
  expect(timersOf(history)).toBe(0);
});
