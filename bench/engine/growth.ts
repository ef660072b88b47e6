/** How the costs of the embedded host grow with the width and length of a workflow, with what has run, and with what is stored. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openDatabase } from "../../packages/functions-host/src/durable/store/open.ts";
import { createStore } from "../../packages/functions-host/src/durable/store/store.ts";
import { type Mooring, startMooring, systemKey } from "./engines/mooring.ts";
import { expectOk, send } from "./http.ts";
import { median, runMany } from "./measure.ts";
import { usageOf } from "./process.ts";

export interface Growth {
  readonly name: string;
  readonly value: string;
  readonly goal: string;
}

export async function measureGrowth(folder: string): Promise<Growth[]> {
  return [...(await inOneHost(folder)), ...(await measurePages(folder))];
}

async function inOneHost(folder: string): Promise<Growth[]> {
  const host = await startMooring(join(folder, "one"));
  try {
    await runMany(host, { count: 1_000, atATime: 100 });
    const after1000 = (await usageOf(host.pids)).peakMegabytes;
    await runMany(host, { count: 9_000, atATime: 100 });
    const after10000 = (await usageOf(host.pids)).peakMegabytes;
    const [fan100, fan1000] = [await msEach(host, "fan", 100), await msEach(host, "fan", 1_000)];
    const chains = [];
    for (const length of [10, 100, 1_000]) chains.push(await msEach(host, "chain", length));
    const [chain10 = 0, chain100 = 0, chain1000 = 0] = chains;
    return [
      {
        name: "peak memory after 1,000 workflows, 100 at a time",
        value: `${after1000.toFixed(0)} MB`,
        goal: "≤ 150 MB",
      },
      { name: "peak memory after 10,000 ÷ after 1,000", value: (after10000 / after1000).toFixed(2), goal: "≤ 1.2" },
      { name: "fan-out of 100, ms for each step", value: fan100.toFixed(3), goal: "" },
      { name: "  of 1,000 ÷ of 100", value: (fan1000 / fan100).toFixed(2), goal: "≤ 1.5" },
      { name: "chain of 10, ms for each step", value: chain10.toFixed(3), goal: "" },
      { name: "  of 100 ÷ of 10", value: (chain100 / chain10).toFixed(2), goal: "" },
      { name: "  of 1,000 ÷ of 100", value: (chain1000 / chain100).toFixed(2), goal: "" },
    ];
  } finally {
    await host.close();
  }
}

async function msEach(host: Mooring, name: "fan" | "chain", steps: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const begun = performance.now();
    await host.start(name, steps);
    times.push((performance.now() - begun) / steps);
  }
  return median(times);
}

async function measurePages(folder: string): Promise<Growth[]> {
  const few = await measurePage(join(folder, "few"), 1_000);
  const many = await measurePage(join(folder, "many"), 100_000);
  const queries = ["in order of creation", "of one status", "of one status and a time"];
  return queries.map((name, index) => {
    const [one = Number.NaN, other = Number.NaN] = [few[index], many[index]];
    return {
      name: `a page of 50 ${name}, out of 100,000 ÷ out of 1,000 (${one.toFixed(1)} ms)`,
      value: (other / one).toFixed(2),
      goal: "≤ 3",
    };
  });
}

async function measurePage(folder: string, count: number): Promise<number[]> {
  await fill(folder, count);
  const host = await startMooring(folder);
  try {
    const times: number[] = [];
    for (const query of [
      "",
      "&runtimeStatus=Failed",
      "&runtimeStatus=Completed&createdTimeFrom=2026-01-01T00:00:00Z",
    ]) {
      const url = `${host.url}/runtime/webhooks/durabletask/instances?top=50${query}&code=${systemKey}`;
      const taken: number[] = [];
      for (let run = 0; run < 50; run += 1) {
        const begun = performance.now();
        await expectOk(send("GET", url));
        taken.push(performance.now() - begun);
      }
      times.push(median(taken));
    }
    return times;
  } finally {
    await host.close();
  }
}

/** Stores ended instances, one a second, of which one in ten has failed. */
async function fill(folder: string, count: number): Promise<void> {
  await mkdir(join(folder, "durable"), { recursive: true });
  const database = openDatabase(join(folder, "durable", "TestHubName.sqlite"));
  const store = createStore(database);
  const begin = Date.parse("2026-01-01T00:00:00Z") - (count * 1_000) / 2;
  database.exec("BEGIN");
  for (let number = 0; number < count; number += 1) {
    const time = begin + number * 1_000;
    store.insertInstance({
      key: store.newInstanceKey(),
      id: `instance-${String(number).padStart(9, "0")}`,
      name: "flow",
      version: null,
      execution: "1",
      status: number % 10 === 0 ? "Failed" : "Completed",
      input: "0",
      output: '"done"',
      customStatus: null,
      parent: null,
      created: time,
      updated: time,
    });
  }
  database.exec("COMMIT");
  database.close();
}
