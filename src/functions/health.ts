import { getClient } from "durable-functions";
import { HealthDocument } from "../domain/documents/health.ts";
import { findInstance } from "../durable/orchestration.ts";
import type { Ports } from "../ports.ts";
import { logLine } from "../telemetry/logLine.ts";
import { body } from "./docs/answers.ts";
import { declareRoute } from "./http/declaration.ts";
import { at } from "./http/place.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

const ok: HealthDocument = { status: "ok" };
/** Not the ID of any operation. */
const noInstance = "readiness";

export const live = declareRoute({
  operationId: "live",
  method: "GET",
  at: at("/api/health/live"),
  access: "anybody",
  tag: "Service",
  summary: "Check that the process answers",
  description: "For a liveness probe. It depends on nothing else.",
  reads: [],
  answers: { 200: body("The process answers.", HealthDocument, { ok: { status: "ok" } }) },
});

export const ready = declareRoute({
  operationId: "ready",
  method: "GET",
  at: at("/api/health/ready"),
  access: "anybody",
  hasClient: true,
  tag: "Service",
  summary: "Check that the service can take requests",
  description: "For a readiness probe: it asks the registry's tables and the durable runtime.",
  reads: [],
  answers: {
    200: body("The service can take requests.", HealthDocument, { ok: { status: "ok" } }),
    503: body("The registry or the durable runtime is unavailable.", HealthDocument, {
      unavailable: { status: "unavailable", reason: "The registry tables do not answer." },
    }),
  },
});

export function registerHealth({ registry }: Pick<Ports, "registry">, routes: Routes): void {
  routes.serveAnybody(live, async () => json(200, ok));

  routes.serveAnybody(ready, async ({ context }) => {
    const needs = [
      ["The registry tables do not answer.", registry.probe()],
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
    const unreadableRows = await registry.countUnreadable();
    return json(200, unreadableRows === 0 ? ok : ({ ...ok, unreadableRows } satisfies HealthDocument));
  });
}
