/**
 * Random orchestrations. Every task has a tag and must come back with it: if the host and the SDK ever disagree about
 * a sequence id, a task gets another's result, or none.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EntityContext, OrchestrationContext, Task } from "durable-functions";
import * as df from "durable-functions";
import { createRandom, type Random } from "./random.ts";

interface Piece {
  readonly tag: string;
  readonly task: Task;
  readonly expected: "tag" | "nothing" | "failure";
}

const steps = 8;
const attempts = new Map<string, number>();

/** Some answers come in the same tick, some later, so that completions meet in all ways. */
async function dawdle(tag: string): Promise<void> {
  const random = createRandom(tag);
  if (random.below(2) === 0) await sleep(random.below(6));
}

function failFirst(key: string, failures: number): void {
  const attempt = (attempts.get(key) ?? 0) + 1;
  attempts.set(key, attempt);
  if (attempt <= failures) throw new Error(`boom ${key}`);
}

df.app.activity("echo", {
  handler: async (tag: string) => {
    await dawdle(tag);
    return tag;
  },
});

df.app.activity("flaky", {
  handler: async ({ tag, failures }: { tag: string; failures: number }) => {
    await dawdle(`${tag} ${attempts.get(tag) ?? 0}`);
    failFirst(tag, failures);
    return tag;
  },
});

df.app.orchestration("child", function* (context: OrchestrationContext) {
  const tag = context.df.getInput<string>();
  yield context.df.callActivity("echo", tag);
  return tag;
});

df.app.orchestration("flakyChild", function* (context: OrchestrationContext) {
  const { tag, failures } = context.df.getInput<{ tag: string; failures: number }>();
  yield context.df.callActivity("flaky", { tag, failures });
  return tag;
});

df.app.entity("mirror", (context: EntityContext<number>) => {
  context.df.setState((context.df.getState(() => 0) ?? 0) + 1);
  context.df.return(context.df.getInput<string>() ?? "");
});

df.app.orchestration("program", function* (context: OrchestrationContext) {
  const seed = context.df.getInput<number>();
  const random = createRandom(String(seed));
  const left: Piece[] = [];
  const mistakes: string[] = [];
  let made = 0;
  let checked = 0;

  const check = ({ tag, expected }: Piece, got: unknown) => {
    checked += 1;
    const wanted = expected === "tag" ? tag : undefined;
    if (expected === "failure" ? !(got instanceof Error) || !got.message.includes(tag) : got !== wanted) {
      mistakes.push(`${tag}: expected ${expected}, got ${String(got)}`);
    }
  };
  function* settle(piece: Piece): Generator<Task, void, unknown> {
    try {
      check(piece, yield piece.task);
    } catch (error) {
      check(piece, error);
    }
  }
  const make = () => makePiece(context, random, `${seed}.${made++}`);
  const makeSafe = () => {
    for (;;) {
      const piece = make();
      if (piece.expected !== "failure") return piece;
      left.push(piece);
    }
  };

  for (let step = 0; step < steps; step++) {
    switch (random.below(5)) {
      case 0:
        yield* settle(make());
        break;
      case 1: {
        const pieces = Array.from({ length: 1 + random.below(4) }, makeSafe);
        const results: unknown = yield context.df.Task.all(pieces.map(({ task }) => task));
        for (const [index, piece] of pieces.entries()) check(piece, Array.isArray(results) ? results[index] : results);
        break;
      }
      case 2: {
        const again = random.below(2) === 0 ? left.filter(({ expected }) => expected !== "failure").slice(0, 2) : [];
        const pieces = [...Array.from({ length: 1 + random.below(3) }, makeSafe), ...again];
        const winner: unknown = yield context.df.Task.any(pieces.map(({ task }) => task));
        const won = pieces.find(({ task }) => task === winner);
        if (won === undefined) mistakes.push(`step ${step}: nobody won`);
        else check(won, won.task.result);
        for (const piece of pieces) if (piece !== won && !left.includes(piece)) left.push(piece);
        if (won !== undefined && left.includes(won)) left.splice(left.indexOf(won), 1);
        break;
      }
      case 3: {
        const piece = left.splice(random.below(left.length), 1)[0];
        if (piece !== undefined) yield* settle(piece);
        context.df.signalEntity(mirror(random), "note", "signal");
        break;
      }
      default: {
        const [one, two] = [mirror(random), mirror(random)];
        const lock: df.DurableLock = yield context.df.lock(one, two);
        for (const entity of one.key === two.key ? [one] : [two, one]) {
          const tag = `${seed}.${made++}`;
          const task = context.df.callEntity(entity, "say", tag);
          yield* settle({ tag, task, expected: "tag" });
        }
        if (random.below(2) === 0) lock.release();
        else {
          yield* settle({ tag: "", task: context.df.createTimer(later(context, random)), expected: "nothing" });
          lock.release();
        }
      }
    }
  }
  for (const piece of left) yield* settle(piece);
  return { checked, mistakes };
});

function makePiece(context: OrchestrationContext, random: Random, tag: string): Piece {
  const retry = new df.RetryOptions(1 + random.below(4), 1 + random.below(3));
  const failures = random.below(retry.maxNumberOfAttempts + 1);
  const expected = failures < retry.maxNumberOfAttempts ? "tag" : "failure";
  switch (random.below(7)) {
    case 0:
    case 1:
      return { tag, task: context.df.callActivity("echo", tag), expected: "tag" };
    case 2:
      return { tag, task: context.df.callActivityWithRetry("flaky", retry, { tag, failures }), expected };
    case 3:
      return { tag, task: context.df.callSubOrchestrator("child", tag), expected: "tag" };
    case 4:
      return { tag, task: context.df.callSubOrchestratorWithRetry("flakyChild", retry, { tag, failures }), expected };
    case 5:
      return { tag, task: context.df.createTimer(later(context, random)), expected: "nothing" };
    default:
      return { tag, task: context.df.callEntity(mirror(random), "say", tag), expected: "tag" };
  }
}

function later(context: OrchestrationContext, random: Random): Date {
  return new Date(context.df.currentUtcDateTime.getTime() + random.below(8));
}

function mirror(random: Random): df.EntityId {
  return new df.EntityId("mirror", String(random.below(16)));
}
