/**
 * How the service behaves under more load than it can handle: how soon it answers 202, and how much memory it uses; see
 * README.md beside this file.
 *
 *   node tools/run.mjs bench/load/main.ts --seconds 20
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request as startRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    perSecond: { type: "string", default: "50" },
    streams: { type: "string", default: "1000" },
    messages: { type: "string", default: "5000" },
    requests: { type: "string", default: "2000" },
    connections: { type: "string", default: "200" },
  },
});
const perSecond = Number(values.perSecond);
// Without rate limits per caller, since one program plays every caller; the limits on concurrency stay.
const sandbox = await startSandbox({ logLevel: "warning", limits: { requestsPerSecond: 10_000, burst: 100_000 } });

async function megabytes(name: "VmRSS" | "VmHWM"): Promise<string> {
  const status = await readFile(`/proc/${sandbox.hostPid}/status`, "utf8");
  return (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024).toFixed(0);
}

const bodyFor = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
});

interface Answer {
  readonly status: number;
  readonly ms: number;
  readonly hasRetryAfter: boolean;
}

async function post(namespace: string, agent: Agent): Promise<Answer> {
  const begun = performance.now();
  const headers = { "content-type": "application/json" };
  const sending = startRequest(`${sandbox.url}/api/onboardings`, { method: "POST", headers, agent });
  sending.end(JSON.stringify(bodyFor(namespace)));
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  const { statusCode: status = 0 } = response;
  return { status, ms: performance.now() - begun, hasRetryAfter: response.headers["retry-after"] !== undefined };
}

/** At a fixed rate, however long the answers take. */
async function postAtRate(nameOf: (index: number) => string): Promise<readonly Answer[]> {
  const agent = new Agent({ keepAlive: true });
  const sent: Promise<Answer>[] = [];
  const begun = performance.now();
  for (let index = 0; index < perSecond * Number(values.seconds); index += 1) {
    await sleep(Math.max(0, begun + (index * 1_000) / perSecond - performance.now()));
    sent.push(post(nameOf(index), agent));
  }
  const answers = await Promise.all(sent);
  agent.destroy();
  return answers;
}

function print(what: string, answers: readonly Answer[]): void {
  const byStatus = Map.groupBy(answers, ({ status }) => status);
  const statuses = [...byStatus].map(([status, of]) => {
    const told = of.filter(({ hasRetryAfter }) => hasRetryAfter).length;
    return `${of.length} × ${status} (${told} with Retry-After)`;
  });
  const times = answers.filter(({ status }) => status < 300).map(({ ms }) => ms);
  const at = (q: number) => `${quantile(times, q).toFixed(0)} ms`;
  console.log(`${what}: ${statuses.join(", ")}; accepted p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`);
}

/** How many operations have ended, as the topic has it. */
function ended(): number {
  const { messages } = sandbox.cloud.serviceBus.subscription(names.topic, "all");
  return messages().filter(({ messageId }) => /\/(?:Succeeded|Failed)$/.test(messageId)).length;
}

/** Returns a function that prints how many have ended since. */
function countEnds(): () => void {
  const [before, from] = [ended(), performance.now()];
  return () => console.log(`ended: ${((1_000 * (ended() - before)) / (performance.now() - from)).toFixed(1)} a second`);
}

async function openStream(): Promise<{ status: number; close(): void }> {
  const asked = startRequest(`${sandbox.url}/api/events`, { agent: false }).end();
  asked.on("error", () => undefined);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => undefined).resume();
  return { status: response.statusCode ?? 0, close: () => asked.destroy() };
}

try {
  const warm = new Agent({ keepAlive: true });
  for (let run = 0; run < 30; run += 1) await post(`warm-${run}`, warm);
  warm.destroy();
  await sleep(15_000);
  console.log(`at rest after 30 onboardings: ${await megabytes("VmRSS")} MB`);

  print(`${perSecond} a second, nothing to do for them`, await postAtRate((index) => `warm-${index % 30}`));
  const printEndsAtRate = countEnds();
  print(`${perSecond} a second, each a new namespace`, await postAtRate((index) => `rate-${index}`));
  printEndsAtRate();
  const printEndsAlone = countEnds();
  await sleep(Number(values.seconds) * 1_000);
  process.stdout.write("and with no requests, ");
  printEndsAlone();
  console.log(`peak so far: ${await megabytes("VmHWM")} MB`);

  const opened = [];
  for (let count = 0; count < Number(values.streams); count += 1) opened.push(openStream());
  const streams = await Promise.all(opened);
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  for (let count = 0; count < Number(values.messages); count += 1) queue.send({ body: bodyFor(`queued-${count}`) });
  const printEndsInFlood = countEnds();
  let left = Number(values.requests);
  const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });
  const answers: Answer[] = [];
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      answers.push(await post(`flood-${left}`, agent));
    }
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, lane));
  agent.destroy();
  const statuses = Map.groupBy(streams, ({ status }) => status);
  console.log(`streams: ${[...statuses].map(([status, of]) => `${of.length} × ${status}`).join(", ")}`);
  print(`${values.requests} requests at ${values.connections} connections`, answers);
  printEndsInFlood();
  console.log(`messages that wait: ${queue.messages().length}; peak ${await megabytes("VmHWM")} MB`);
  for (const { close } of streams) close();
} finally {
  await sandbox.close();
}
