/**
 * What everybody else waits while bodies arrive slowly, and while many large ones arrive at once; see README.md beside this file.
 *
 *   node tools/run.mjs bench/bodies/main.ts --senders 2000 --bodies 1000
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: { senders: { type: "string", default: "2000" }, bodies: { type: "string", default: "1000" } },
});
const sandbox = await startSandbox({
  callers: "keys",
  logLevel: "warning",
  // One program plays everybody else.
  limits: { requestsPerSecond: 1_000, burst: 1_000 },
});
const headers = { "x-mooring-key": sandbox.cloud.callers?.key ?? "", "content-type": "application/json" };

async function megabytes(): Promise<number> {
  const status = await readFile(`/proc/${sandbox.hostPid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function timed(path: string, init: RequestInit, expected: number): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${sandbox.url}/api/${path}`, { ...init, headers });
  await response.text();
  if (response.status !== expected) throw new Error(`${path} was answered ${response.status}`);
  return performance.now() - begun;
}

let count = 0;
const list = () => timed("namespaces", {}, 200);
function post(): Promise<number> {
  count += 1;
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const body = JSON.stringify({ cluster: names.cluster, namespace: `other-${count}`, databases });
  return timed("onboardings", { method: "POST", body }, 202);
}

/** Asks until `isOver`, and prints what others waited and the most memory of the host's process. */
async function ask(what: string, isOver: () => boolean): Promise<void> {
  const lists: number[] = [];
  const posts: number[] = [];
  let most = 0;
  const sampling = setInterval(async () => {
    most = Math.max(most, await megabytes());
  }, 50);
  while (!isOver() || lists.length === 0) {
    lists.push(await list());
    if (lists.length % 4 === 1) posts.push(await post());
    await sleep(50);
  }
  clearInterval(sampling);
  const of = (times: readonly number[]) =>
    `p50 ${quantile(times, 0.5).toFixed(0)}, p95 ${quantile(times, 0.95).toFixed(0)}, most ${Math.max(...times).toFixed(0)} ms (${times.length})`;
  console.log(`${what.padEnd(44)} list ${of(lists)}; POST ${of(posts)}; ${most.toFixed(0)} MB`);
}

/** In a process of its own, because the simulated cloud runs in this one. */
async function sending(how: string, senders: string) {
  const child = fork(new URL("senders.ts", import.meta.url), [sandbox.url, how, senders]);
  await once(child, "message");
  return child;
}

const within = (ms: number) => {
  const end = performance.now() + ms;
  return () => performance.now() > end;
};

try {
  for (let run = 0; run < 10; run += 1) await Promise.all([list(), post()]);
  await sleep(5_000);
  await ask("quiet", within(5_000));
  const child = await sending("large", values.bodies);
  let answers: unknown;
  child.on("message", (message) => {
    answers = message;
  });
  await ask(`${values.bodies} bodies of 1 MB at once`, () => answers !== undefined);
  console.log(`their answers: ${JSON.stringify(answers)}`);
  for (const how of ["announced", "chunked"]) {
    const child = await sending(how, values.senders);
    // Until all have begun: those in chunks are as many invocations.
    await sleep(10_000);
    await ask(`${values.senders} slow senders, ${how}`, within(15_000));
    child.kill();
    await once(child, "exit");
  }
} finally {
  await sandbox.close();
}
