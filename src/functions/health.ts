import type { HttpRequest } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { type DroppedName, describeDropped } from "../application/inspection/droppedNames.ts";
import type { HealthDocument } from "../domain/documents/health.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { findInstance } from "../durable/orchestration.ts";
import type { Ports } from "../ports.ts";
import { logLine } from "../telemetry/logLine.ts";
import type { Callers } from "./callers/authentication.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";
import { type CatalogWatch, mostDropped } from "./watchCatalog.ts";

const ok: HealthDocument = { status: "ok" };
/** Not the ID of any operation. */
const noInstance = "readiness";

interface Readiness {
  readonly callers: Pick<Callers, "identify">;
  readonly catalogWatch: CatalogWatch;
}

export function registerHealth(ports: Ports, routes: Routes, { callers, catalogWatch }: Readiness): void {
  routes.add("live", {
    route: "api/health/live",
    method: "GET",
    handler: routes.forAnybody(async () => json(200, ok)),
  });

  routes.add("ready", {
    route: "api/health/ready",
    method: "GET",
    extraInputs: [input.durableClient()],
    handler: routes.forAnybody(async (request, { context }) => {
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
      const dropped = catalogWatch.dropped();
      if (dropped.length === 0) return json(200, ok);
      return json(200, { ...ok, warnings: warningsFor(await isOperator(callers, request), dropped) });
    }),
  });
}

/** Readiness answers anybody, so names are only for those who may see them elsewhere, too. */
async function isOperator(callers: Pick<Callers, "identify">, request: HttpRequest): Promise<boolean> {
  try {
    return mayOperate(await callers.identify(request));
  } catch {
    return false;
  }
}

function warningsFor(isOperator: boolean, dropped: readonly DroppedName[]): string[] {
  const more = dropped.length - mostDropped;
  if (!isOperator) return [`The catalog no longer has ${dropped.length} names that are in use; the log has them.`];
  const named = dropped.slice(0, mostDropped).map(describeDropped);
  return more > 0 ? [...named, `The catalog no longer has ${more} more names that are in use.`] : named;
}
