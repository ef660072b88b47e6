/** How long a message for a busy namespace keeps its slot, and what the others wait for it; see README.md beside this file. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "10" }, behind: { type: "string", default: "8,400,1000" } },
});

const sandbox = await startSandbox({
  callers: "keys",
  logLevel: "warning",
  approval: { databases: [`${names.sqlServer}/orders`], timeoutMinutes: 60 },
});
const { key = "", approverKey = "" } = sandbox.cloud.callers ?? {};
const queue = sandbox.cloud.serviceBus.queue(names.queue);

const subsets = [["reader"], ["writer"], ["executor"], ["reader", "writer"], ["reader", "executor"]];
const eight = [...subsets, ["writer", "executor"], ["reader", "writer", "executor"], ["reader"]];

async function call<T>(path: string, { by = key, body }: { by?: string; body?: object } = {}): Promise<T> {
  const response = await fetch(`${sandbox.url}/api/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-mooring-key": by, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}

interface Operation {
  readonly id: string;
  readonly status: string;
  readonly phase: string;
  readonly startTime: string;
  readonly endTime?: string;
  readonly approval?: { readonly requestHash: string };
}

async function operationsOf(namespace: string): Promise<readonly Operation[]> {
  const { value } = await call<{ value: Operation[] }>(`operations?cluster=${names.cluster}&namespace=${namespace}`);
  return value.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
}

async function until<T>(get: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await get();
    if (found !== undefined) return found;
    await sleep(5);
  }
}

const send = (namespace: string, database: string, roles: readonly string[]) =>
  queue.send({
    body: { cluster: names.cluster, namespace, databases: [{ server: names.sqlServer, database, roles }] },
  });

const leaving: number[] = [];
const innocent: number[] = [];
const alone: number[] = [];
const beginning: number[] = [];

/** From the send of a message to the moment when its operation is accepted. */
async function acceptedAfter(namespace: string): Promise<number> {
  const sent = performance.now();
  send(namespace, "messages", ["reader"]);
  await until(async () => (await operationsOf(namespace))[0]);
  return performance.now() - sent;
}

/** A namespace whose operation waits for a person. */
async function holdUp(busy: string): Promise<Operation> {
  send(busy, "orders", ["reader"]);
  return await until(async () => (await operationsOf(busy)).find(({ phase }) => phase === "awaitingApproval"));
}

for (let run = 0; run < Number(values.runs); run += 1) {
  alone.push(await acceptedAfter(`alone-${run}`));
  const busy = `busy-${run}`;
  const waiting = await holdUp(busy);

  const sent = performance.now();
  for (const roles of eight) send(busy, "messages", roles);
  const others = acceptedAfter(`innocent-${run}`);
  await until(() => queue.messages().filter(({ state }) => state === "deferred").length === eight.length || undefined);
  leaving.push(performance.now() - sent);
  innocent.push(await others);

  const { approval } = await call<Operation>(`operations/${waiting.id}`);
  for (const by of [key, approverKey])
    await call(`operations/${waiting.id}/approve`, { by, body: { requestHash: approval?.requestHash } });
  const done = await until(async () => {
    const all = await operationsOf(busy);
    return all.length === eight.length + 1 && all.every(({ status }) => status === "Succeeded") ? all : undefined;
  });
  for (const [index, { startTime }] of done.entries()) {
    const before = done[index - 1]?.endTime;
    if (before !== undefined) beginning.push(Date.parse(startTime) - Date.parse(before));
  }
}

for (const [name, times] of Object.entries({
  "eight messages for a busy namespace have left their slots after": leaving,
  "a message behind them is accepted after": innocent,
  "a message on an idle queue is accepted after": alone,
  "the next request begins after the end of the one before": beginning,
}))
  console.log(`${name.padEnd(66)} p50 ${quantile(times, 0.5).toFixed(0)} ms, most ${Math.max(...times).toFixed(0)} ms`);

for (const count of values.behind.split(",").map(Number)) {
  const busy = `busy-behind-${count}`;
  await holdUp(busy);
  for (let index = 0; index < count; index += 1) send(busy, "messages", eight[index % eight.length] ?? []);
  const after = await acceptedAfter(`innocent-behind-${count}`);
  console.log(
    `${`a message behind ${count} for a busy namespace is accepted after`.padEnd(66)} ${after.toFixed(0)} ms`,
  );
}
await sandbox.close();
