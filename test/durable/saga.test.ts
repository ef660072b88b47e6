import { app, type Task } from "durable-functions";
import { expect, it } from "vitest";
import { z } from "zod";
import { StepFailed } from "../../src/durable/activity.ts";
import { orchestration } from "../../src/durable/orchestration.ts";
import { CompensationFailed, saga } from "../../src/durable/saga.ts";
import { all, allSettled, type Durable, step } from "../../src/durable/step.ts";
import { runOrchestration } from "../support/durableRunner.ts";

const log: string[] = [];
const echo = app.activity("echo", {
  handler: async (name: string) => {
    log.push(name);
    if (name.startsWith("bad")) throw new Error(`${name} broke`);
    return name;
  },
});
const text = (task: Task) => step(task, { decode: String });

let body: () => Durable<unknown>;
let context: Parameters<typeof all>[0];
orchestration({
  name: "probe",
  input: z.unknown(),
  run(given) {
    context = given;
    return body();
  },
});

async function run(work: () => Durable<unknown>, random = () => 0) {
  log.length = 0;
  body = work;
  return await runOrchestration("probe", null, { random });
}

it("returns the results of parallel steps in their order, whichever finishes first", async () => {
  for (const random of [() => 0, () => 0.99]) {
    const { output } = await run(function* () {
      return yield* all(context, [text(echo("a")), text(echo("b")), text(echo("c"))]);
    }, random);

    expect(output).toEqual(["a", "b", "c"]);
  }
});

it("waits for every sibling of a failed step before it throws", async () => {
  let finishedBefore: readonly string[] = [];
  const { output } = await run(function* () {
    try {
      return yield* all(context, [text(echo("bad 1")), text(echo("b")), text(echo("c"))]);
    } catch (error) {
      finishedBefore = [...log];
      return error instanceof Error ? error.message : "";
    }
  });

  expect(finishedBefore).toEqual(["bad 1", "b", "c"]);
  expect(output).toContain("bad 1 broke");
});

it("starts no step a second time while it waits for the rest", async () => {
  const { calls } = await run(function* () {
    return (yield* allSettled(
      context,
      ["bad 1", "b", "bad 2", "d"].map((name) => text(echo(name))),
    )).map(({ status }) => status);
  });

  expect(calls).toHaveLength(4);
});

it("runs undos newest first, including that of the failed step, and throws the cause", async () => {
  const { status, output } = await run(() =>
    saga(function* (onFailure) {
      onFailure("one", () => text(echo("undo one")));
      yield* text(echo("one"));
      onFailure("two", () => text(echo("undo two")));
      yield* text(echo("bad two"));
      return yield* text(echo("three"));
    }),
  );

  expect(log).toEqual(["one", "bad two", "undo two", "undo one"]);
  expect(status).toBe("Failed");
  expect(output).toContain("bad two broke");
});

it("runs no undo when everything succeeds", async () => {
  await run(() =>
    saga(function* (onFailure) {
      onFailure("one", () => text(echo("undo one")));
      return yield* text(echo("one"));
    }),
  );

  expect(log).toEqual(["one"]);
});

it("continues after an undo that fails and reports it by name, with the cause", async () => {
  let caught: unknown;
  await run(function* () {
    try {
      return yield* saga(function* (onFailure) {
        onFailure("first", () => text(echo("undo first")));
        onFailure("second", () => text(echo("bad undo")));
        yield* text(echo("bad step"));
      });
    } catch (error) {
      caught = error;
      return undefined;
    }
  });

  expect(log).toEqual(["bad step", "bad undo", "undo first"]);
  expect(caught).toBeInstanceOf(CompensationFailed);
  expect(caught).toMatchObject({
    failures: [{ compensation: "second" }],
    cause: { message: expect.stringContaining("bad step broke") },
  });
  expect(caught).not.toBeInstanceOf(StepFailed);
});
