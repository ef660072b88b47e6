import type { HealthDocument } from "../domain/documents/health.ts";
import type { Ports } from "../ports.ts";
import { logLine } from "../telemetry/logLine.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";

const ok: HealthDocument = { status: "ok" };
const unavailable: HealthDocument = { status: "unavailable", reason: "The registry tables do not answer." };

export function registerHealth(ports: Ports, routes: Routes): void {
  routes.add("live", {
    route: "api/health/live",
    method: "GET",
    handler: routes.forAnybody(async () => json(200, ok)),
  });

  routes.add("ready", {
    route: "api/health/ready",
    method: "GET",
    handler: routes.forAnybody(async (_request, { context }) => {
      try {
        await ports.registry.probe();
        return json(200, ok);
      } catch (error) {
        // Whoever asks needs no proof of who they are, so why is for the log alone.
        context.warn(logLine("not ready", { reason: error instanceof Error ? error.message : String(error) }));
        return json(503, unavailable, { "retry-after": "5" });
      }
    }),
  });
}
