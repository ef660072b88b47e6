/** Whatever the way in which an orchestration ends, nothing of it stays in memory. */
import { rm } from "node:fs/promises";
import { propagation } from "@opentelemetry/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { writeClientPayload } from "../../src/durable/clientPayload.ts";
import { createClock } from "../../src/durable/clock.ts";
import { createEngine, type Engine } from "../../src/durable/engine.ts";
import { createManagement, type Management } from "../../src/durable/management.ts";
import { type InstanceRow, isFinal } from "../../src/durable/records.ts";
import { parseDurableSettings } from "../../src/durable/settings.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import type { Seen } from "./apps/basic/main.ts";
import { borrow, createStoreFolder, loadTestApp } from "./support/durableHost.ts";

let app: FunctionApp;
let seen: Seen;

beforeAll(async () => {
  app = await loadTestApp("basic");
  const endpoints = { hubName: "TestHubName", baseUrl: "http://127.0.0.1", key: "", rpcKey: "" };
  ({ seen } = await borrow(app, writeClientPayload(endpoints)));
  // Only with a propagator does the engine open spans of its own.
  propagation.setGlobalPropagator({ fields: () => ["traceparent"], inject() {}, extract: (context) => context });
});

afterAll(() => {
  propagation.disable();
});

interface Run {
  readonly engine: Engine;
  readonly management: Management;
  readonly key: string;
  start(name: string, input?: unknown, id?: string): Promise<InstanceRow>;
  /** Waits until it has begun. */
  begun(row: InstanceRow): Promise<void>;
  ended(id: string): Promise<InstanceRow>;
}

const endings: Readonly<Record<string, (run: Run) => Promise<unknown>>> = {
  completed: async ({ start, ended }) => ended((await start("greet", "Ada")).id),
  failed: async ({ start, ended }) => ended((await start("fail", "sad")).id),
  "continued as new": async ({ start, ended, management }) => {
    const row = await start("countdown", { left: 2, heard: [] });
    await expect.poll(() => management.status(row.id)?.customStatus).toBe('{"left":0}');
    await management.raiseEvent(row, "note", "1");
    await ended(row.id);
  },
  "awaited from outside": async ({ start, engine }) => {
    const row = await start("wait", 20);
    const forget = engine.lifecycle.whenFinished(row.key, () => {});
    await new Promise((resolve) => engine.lifecycle.whenFinished(row.key, resolve));
    forget();
  },
  "terminated before its first turn": async ({ start, ended, management }) => {
    const [row] = await Promise.all([start("twoEvents")]);
    await management.terminate(row, "enough");
    await ended(row.id);
  },
  "terminated while it waits for a long timer": async ({ start, begun, ended, management, engine }) => {
    const row = await start("wait", 3_600_000);
    await begun(row);
    expect(engine.counts()).not.toMatchObject({ timers: 0 });
    expect(engine.counts()).not.toMatchObject({ spans: 0 });
    await management.terminate(row, "enough");
    await ended(row.id);
  },
  "terminated while it is suspended, with messages": async ({ start, begun, ended, management }) => {
    const row = await start("twoEvents");
    await begun(row);
    await management.suspend(row, "wait");
    await management.raiseEvent(row, "one", "1");
    await management.terminate(row, "enough");
    await ended(row.id);
  },
  "terminated before its activity, and purged": async ({ start, begun, ended, management, key }) => {
    const row = await start("failBeside", { key, beside: "activity" });
    await begun(row);
    await management.terminate(row, "enough");
    await ended(row.id);
    await management.purge(row.id);
    seen.gates.get(`${key} beside`)?.();
  },
  "failed beside its child": async ({ start, ended, management, key }) => {
    const row = await start("failBeside", { key, beside: "child" });
    await expect.poll(() => management.status(`${key}-child`)?.status).toBe("Running");
    const child = management.find(`${key}-child`) ?? row;
    await management.raiseEvent(child, "go", "1");
    await ended(child.id);
    await ended(row.id);
  },
};

test.each(Object.keys(endings))("leaves nothing in memory: %s", async (name) => {
  const directory = await createStoreFolder();
  const engine = createEngine({
    app,
    directory,
    clientPayload: () => "",
    settings: parseDurableSettings({}),
    clock: createClock(),
    log: createMemoryLog().log,
  });
  const management = createManagement(engine);
  engine.start();
  const empty = Object.fromEntries(Object.keys(engine.counts()).map((kind) => [kind, 0]));
  const run = (n: number): Run => ({
    engine,
    management,
    key: `${name.replaceAll(/\W+/g, "-")}-${n}`,
    start: (orchestrator, input, id) =>
      management.start({ name: orchestrator, id, input: input === undefined ? null : JSON.stringify(input) }),
    begun: async ({ id }) => void (await expect.poll(() => management.status(id)?.status).not.toBe("Pending")),
    async ended(id) {
      await expect.poll(() => isFinal(management.status(id)?.status ?? "Pending"), { timeout: 5_000 }).toBe(true);
      const row = management.status(id);
      if (row === undefined) throw new Error(`${id} is gone.`);
      return row;
    },
  });

  await Promise.all(Array.from({ length: 20 }, async (_, n) => await endings[name]?.(run(n))));

  await expect.poll(() => engine.counts()).toEqual(empty);
  await engine.close(0);
  await rm(directory, { recursive: true });
});
