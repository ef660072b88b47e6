/**
 * Random orchestrations. Every task has a tag and must come back with it: if the host and the SDK ever disagree about
 * a sequence id, a task gets another's result, or none.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { app, trigger } from "@azure/functions";
import type { OrchestrationContext, Task } from "durable-functions";
import * as df from "durable-functions";
import { createRandom, type Random } from "./random.ts";

interface Piece {
  readonly tag: string;
  readonly task: Task;
  readonly expected: "tag" | "both" | "nothing" | "failure";
}

/** The input of a program and of each of its next generations. */
interface Input {
  readonly seed: number;
  readonly generation?: number;
  readonly checked?: number;
  readonly mistakes?: readonly string[];
  /** An event that the previous generation sent. */
  readonly late?: string;
}

/** What the test provides to the programs that it runs. */
export interface World {
  raise(instanceId: string, event: string, data: string): Promise<void>;
  /** Resolves when the instance has the custom status. */
  left(instanceId: string, customStatus: string): Promise<void>;
}

const steps = 8;
const attempts = new Map<string, number>();
const nobody = () => Promise.reject(new Error("nobody raises events"));
const world: World = { raise: nobody, left: nobody };

app.generic("lendWorld", { trigger: trigger.generic({ type: "manualTrigger" }), handler: () => world });

/** Some answers come in the same tick, some later, so that completions interleave in every way. */
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

/** Raises an event before the wait for it begins, at the same time, or afterwards. */
df.app.activity("post", {
  handler: async ({ to, tag }: { to: string; tag: string }) => {
    await dawdle(`${tag} post`);
    await world.raise(to, `event ${tag}`, tag);
    return tag;
  },
});

/** Sends its event when the orchestrator has left its generation: the next one gets it. */
df.app.activity("postLate", {
  handler: async ({ to, tag }: { to: string; tag: string }) => {
    await world.left(to, `left ${tag}`);
    await world.raise(to, `event ${tag}`, tag);
    return `${tag} too late`;
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

df.app.orchestration("listener", function* (context: OrchestrationContext) {
  return yield context.df.waitForExternalEvent(`event ${context.df.getInput<string>()}`);
});

df.app.orchestration("program", function* (context: OrchestrationContext) {
  const input = context.df.getInput<Input>();
  const { seed, generation = 0 } = input;
  const random = createRandom(`${seed}/${generation}`);
  const left: Piece[] = [];
  const mistakes: string[] = [...(input.mistakes ?? [])];
  let made = 0;
  let checked = input.checked ?? 0;

  const check = ({ tag, expected }: Omit<Piece, "task">, got: unknown) => {
    checked += 1;
    if (!isExpected({ tag, expected }, got)) {
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
  const newTag = () => `${seed}.${generation}.${made++}`;
  const make = () => makePiece(context, random, { tag: newTag() });
  const makeSafe = () => {
    for (;;) {
      const piece = make();
      if (piece.expected !== "failure") return piece;
      left.push(piece);
    }
  };

  const { late } = input;
  if (late !== undefined) {
    const event = { tag: late, task: context.df.waitForExternalEvent(`event ${late}`), expected: "tag" } as const;
    if (random.below(2) === 0) yield* settle(event);
    else left.push(event);
  }
  for (let step = 0; step < steps; step++) {
    switch (random.below(6)) {
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
      case 5: {
        const failing = newTag();
        const task = context.df.callActivity("flaky", { tag: failing, failures: 1 });
        const pieces: Piece[] = [{ tag: failing, task, expected: "failure" }];
        for (let more = random.below(4); more > 0; more--) pieces.push(make());
        try {
          yield context.df.Task.all(pieces.map((piece) => piece.task));
          mistakes.push(`step ${step}: nothing failed`);
        } catch {
          left.push(...pieces);
        }
        break;
      }
      case 3: {
        const piece = left.splice(random.below(left.length), 1)[0];
        if (piece !== undefined) yield* settle(piece);
        break;
      }
      default: {
        const tag = newTag();
        const posted = { to: context.df.instanceId, tag };
        const post = { tag, task: context.df.callActivity("post", posted), expected: "tag" } as const;
        const event = { tag, task: context.df.waitForExternalEvent(`event ${tag}`), expected: "tag" } as const;
        if (random.below(2) === 0) {
          yield* settle(post);
        } else {
          // The post has been scheduled by then, whichever task is first.
          const echo = { tag, task: context.df.callActivity("echo", tag), expected: "tag" } as const;
          yield context.df.Task.any([post.task, echo.task]);
          left.push(post, echo);
        }
        if (random.below(2) === 0) yield* settle(event);
        else left.push(event);
        break;
      }
    }
  }
  const isLast = generation > 0 || random.below(2) === 0;
  // What is not awaited here still has to end before the next generation begins.
  const waitedFor = isLast ? left : left.filter(() => random.below(2) === 0);
  for (const piece of waitedFor) yield* settle(piece);
  if (isLast) return { checked, mistakes };
  const tag = newTag();
  const post = context.df.callActivity("postLate", { to: context.df.instanceId, tag });
  yield context.df.Task.any([post, context.df.callActivity("echo", tag)]);
  context.df.setCustomStatus(`left ${tag}`);
  context.df.continueAsNew({ seed, generation: generation + 1, checked, mistakes, late: tag });
  return undefined;
});

function isExpected({ tag, expected }: Omit<Piece, "task">, got: unknown): boolean {
  switch (expected) {
    case "tag":
      return got === tag;
    case "both":
      return Array.isArray(got) && got.length === 2 && got.every((part) => part === tag);
    case "nothing":
      return got === undefined;
    case "failure":
      return got instanceof Error && got.message.includes(tag);
  }
}

function makePiece(context: OrchestrationContext, random: Random, { tag }: { readonly tag: string }): Piece {
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
    default: {
      const to = `listener ${tag}`;
      const listener = context.df.callSubOrchestrator("listener", tag, to);
      const post = context.df.callActivity("post", { to, tag });
      return { tag, task: context.df.Task.all([listener, post]), expected: "both" };
    }
  }
}

function later(context: OrchestrationContext, random: Random): Date {
  return new Date(context.df.currentUtcDateTime.getTime() + random.below(8));
}
