/** How long an onboarding takes, and what it leaves in the durable history. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { names } from "../../sandbox/cloud.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

export const databases = Array.from({ length: 50 }, (_, index) => `db${index}`);

export interface Measured {
  readonly totalMs: number;
  /** How long at least one injected latency was running: what the cloud alone would take for these calls in this order. */
  readonly cloudMs: number;
  readonly calls: number;
  readonly operation: string;
}

/** Targets of three kinds in the sandbox's catalog. */
const targets = [
  { target: "uploads", access: ["read"] },
  { target: "secrets", access: ["read"] },
  { target: "invoices", access: ["send"] },
] as const;

export async function onboard(
  { url, cloud }: Pick<Sandbox, "url" | "cloud">,
  namespace: string,
  count: number,
  targetCount = 0,
): Promise<Measured> {
  const before = cloud.faults.journal.length;
  const started = performance.now();
  const request = {
    cluster: names.cluster,
    namespace,
    databases: databases.slice(0, count).map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
    ...(targetCount > 0 ? { targets: targets.slice(0, targetCount) } : {}),
  };
  const response = await fetch(`${url}/api/onboardings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const { id } = (await response.json()) as { id: string };
  await waitUntilPublished(cloud, id);
  const totalMs = performance.now() - started;
  const arrivals = cloud.faults.arrivals.slice(before);
  return { totalMs, cloudMs: union(arrivals, cloud.faults.latencyMs), calls: arrivals.length, operation: id };
}

/** The event on the topic marks the end of the operation; watching for it in this process costs the service nothing. */
async function waitUntilPublished(cloud: Sandbox["cloud"], id: string): Promise<void> {
  const topic = cloud.serviceBus.subscription(names.topic, "all");
  for (;;) {
    const seen = topic
      .messages()
      .findLast(({ messageId }) => messageId === `${id}/Succeeded` || messageId === `${id}/Failed`);
    if (seen?.messageId.endsWith("/Failed")) throw new Error(`operation ${id} failed`);
    if (seen) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Total length of the intervals [start, start + length], counted once where they overlap. */
function union(starts: readonly number[], length: number): number {
  let total = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const start of starts.toSorted((a, b) => a - b)) {
    total += Math.max(0, start + length - Math.max(start, end));
    end = Math.max(end, start + length);
  }
  return total;
}

/** `turns`: how often the orchestrator ran; `events`: what it replays in each turn but the first, without turn markers. */
export function historyOf(store: DatabaseSync, operation: string) {
  const rows = store
    .prepare("SELECT events FROM history WHERE instance = (SELECT key FROM instances WHERE id = ?)")
    .all(operation)
    .map((row) => String(row["events"]));
  const all = rows.flatMap((events) => JSON.parse(events) as { EventType: number }[]);
  const ofType = (...types: number[]) => all.filter(({ EventType }) => types.includes(EventType));
  const [started, scheduled, completed, turnStarted] = [0, 4, 5, 12];
  return {
    activities: ofType(scheduled).length,
    events: ofType(started, scheduled, completed).length,
    turns: ofType(turnStarted).length,
    bytes: rows.reduce((sum, events) => sum + events.length, 0),
  };
}

async function findStore(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const file = files.find((name) => name.endsWith(".db") || name.endsWith(".sqlite"));
  if (!file) throw new Error(`no store of the durable engine in ${folder}: ${files.join(", ")}`);
  return join(folder, file);
}

/** Only after the host has ended: it locks the store. */
export async function openStore(dataFolder: string): Promise<DatabaseSync> {
  return new DatabaseSync(await findStore(dataFolder), { readOnly: true });
}
