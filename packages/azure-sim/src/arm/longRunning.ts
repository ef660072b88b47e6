/** Long-running operations: 202 with `Azure-AsyncOperation` and `Location`, polled until the end (ARM async pattern). */
import { randomUUID } from "node:crypto";
import type { HttpReply } from "../httpServer.ts";
import type { World } from "../world.ts";
import { ArmFailure } from "./failures.ts";
import { type ArmCall, notFound, type ResourceType } from "./resources.ts";

/** API versions of Microsoft.Sql that the SDK and the Azure CLI use. */
export const sqlApiVersions = [
  "2020-11-01-preview",
  "2021-02-01-preview",
  "2021-11-01",
  "2022-05-01-preview",
  "2022-08-01-preview",
  "2023-08-01",
  "2024-11-01-preview",
  "2025-01-01",
];

/** Where operations of each provider are followed, below the location. */
const followed = {
  "Microsoft.Sql": { status: "administratorAzureAsyncOperation", results: "administratorOperationResults" },
  "Microsoft.DocumentDB": { status: "operationsStatus", results: "operationResults" },
  "Microsoft.ContainerService": { status: "operations", results: "operationresults" },
} as const;

export const cosmosApiVersions = ["2021-10-15", "2022-11-15", "2023-11-15", "2024-11-15", "2025-10-15"];
/** The stable ones that have managed namespaces. */
export const aksApiVersions = ["2025-09-01", "2025-10-01", "2026-01-01", "2026-04-01", "2026-06-01"];
const versionsOf = {
  "Microsoft.Sql": sqlApiVersions,
  "Microsoft.DocumentDB": cosmosApiVersions,
  "Microsoft.ContainerService": aksApiVersions,
};

interface Operation {
  readonly id: string;
  readonly startedAt: Date;
  status: "InProgress" | "Succeeded" | "Failed";
  error?: ArmFailure;
}

export interface LongRunning {
  /** Answers 202 immediately; `finish` runs after `operationMs`, and fails the operation with the ArmFailure that it throws. */
  start(
    call: ArmCall,
    init: { provider?: keyof typeof followed; location: string; operation: string; finish: () => void },
  ): HttpReply;
  readonly types: readonly ResourceType[];
  close(): void;
}

export function createLongRunning(
  world: World,
  { operationMs = 0 }: { operationMs?: number | undefined },
): LongRunning {
  const operations = new Map<string, Operation>();
  const timers = new Set<NodeJS.Timeout>();

  function find({ path }: ArmCall): Operation {
    const operation = operations.get(path.names[1] ?? "");
    if (!operation) throw notFound(path);
    return operation;
  }

  return {
    types: Object.entries(followed).flatMap(([provider, { status: ofStatus, results }]) => [
      {
        type: `${provider}/locations/${ofStatus}`,
        apiVersions: versionsOf[provider as keyof typeof followed],
        GET(call: ArmCall) {
          const { id, startedAt, status, error } = find(call);
          const failed = error && { error: { code: error.code, message: error.message } };
          return {
            status: 200,
            headers: pollAfter(operationMs),
            body: { name: id, status, startTime: startedAt.toISOString(), ...failed },
          };
        },
      },
      {
        type: `${provider}/locations/${results}`,
        apiVersions: versionsOf[provider as keyof typeof followed],
        GET(call: ArmCall) {
          const { id, startedAt, status } = find(call);
          return {
            status: status === "InProgress" ? 202 : 200,
            headers: { ...pollAfter(operationMs), location: call.url.href },
            body: { name: id, startTime: startedAt.toISOString() },
          };
        },
      },
    ]),

    start({ path, url }, { provider = "Microsoft.Sql", location, operation, finish }) {
      const entry: Operation = { id: randomUUID(), startedAt: world.now(), status: "InProgress" };
      operations.set(entry.id, entry);
      const end = () => {
        try {
          finish();
          entry.status = "Succeeded";
        } catch (error) {
          if (!(error instanceof ArmFailure)) throw error;
          entry.status = "Failed";
          entry.error = error;
        }
      };
      if (operationMs === 0) end();
      else {
        const timer = setTimeout(() => {
          timers.delete(timer);
          end();
        }, operationMs);
        timers.add(timer);
      }
      const group = provider === "Microsoft.Sql" ? `/resourceGroups/${path.resourceGroup}` : "";
      const base = `${url.origin}/subscriptions/${path.subscriptionId}${group}/providers/${provider}/locations/${location}`;
      const { status, results } = followed[provider];
      return {
        status: 202,
        headers: {
          "azure-asyncoperation": `${base}/${status}/${entry.id}${url.search}`,
          location: `${base}/${results}/${entry.id}${url.search}`,
          ...pollAfter(operationMs),
        },
        body: { operation, startTime: entry.startedAt.toISOString() },
      };
    },

    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** Azure asks for 15 s; here the client should see the end soon after it happens. */
function pollAfter(operationMs: number): Record<string, string> {
  return { "retry-after": operationMs < 1000 ? "0" : "1" };
}
