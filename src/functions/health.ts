import { getClient, input } from "durable-functions";
import type { HealthDocument } from "../domain/documents/health.ts";
import { findInstance } from "../durable/orchestration.ts";
import type { Ports } from "../ports.ts";
import { logLine } from "../telemetry/logLine.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

const ok: HealthDocument = { status: "ok" };
/** Not the ID of any operation. */
const noInstance = "readiness";

export function registerHealth(ports: Ports, routes: Routes): void {
  routes.add("live", {
    route: "api/health/live",
    method: "GET",
    handler: routes.forAnybody(async () => json(200, ok)),
  });

  routes.add("ready", {
    route: "api/health/ready",
    method: "GET",
    extraInputs: [input.durableClient()],
    handler: routes.forAnybody(async (_request, { context }) => {
      const needs = [
        ["The registry tables do not answer.", ports.registry.probe()],
        ["The durable runtime does not answer.", findInstance(getClient(context), noInstance)],
      ] as const;
      const settled = await Promise.allSettled(needs.map(([, answer]) => answer));
      for (const [index, [reason]] of needs.entries()) {
        const outcome = settled[index];
        if (outcome?.status !== "rejected") continue;
        // The caller is not authenticated, so the reason goes only to the log.
        const cause: unknown = outcome.reason;
        context.warn(logLine("not ready", { reason: cause instanceof Error ? cause.message : String(cause) }));
        const unavailable: HealthDocument = { status: "unavailable", reason };
        return json(503, unavailable, { "retry-after": "5" });
      }
      const unreadableRows = await ports.registry.countUnreadable();
      return json(200, unreadableRows === 0 ? ok : ({ ...ok, unreadableRows } satisfies HealthDocument));
    }),
  });
}
