import { getClient } from "durable-functions";
import { type DroppedName, describeDropped } from "../application/inspection/droppedNames.ts";
import type { Caller } from "../domain/access/caller.ts";
import { HealthDocument } from "../domain/documents/health.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { findInstance } from "../durable/orchestration.ts";
import type { Ports } from "../ports.ts";
import { logLine } from "../telemetry/logLine.ts";
import { body } from "./docs/answers.ts";
import { declareRoute } from "./http/declaration.ts";
import { at } from "./http/place.ts";
import { json } from "./http/respond.ts";
import type { Routes } from "./http/route.ts";
import { type CatalogWatch, mostDropped } from "./watchCatalog.ts";

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

export function registerHealth(
  { registry }: Pick<Ports, "registry">,
  routes: Routes,
  catalogWatch: CatalogWatch,
): void {
  routes.serveAnybody(live, async () => json(200, ok));

  routes.serveAnybody(ready, async ({ context, identify }) => {
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
    const dropped = catalogWatch.dropped();
    const health: HealthDocument = {
      ...ok,
      ...(unreadableRows === 0 ? {} : { unreadableRows }),
      ...(dropped.length === 0 ? {} : { warnings: warningsFor(await identify(), dropped) }),
    };
    return json(200, health);
  });
}

/** Readiness answers anybody, so names are only for those who may see them elsewhere, too. */
function warningsFor(by: Caller | undefined, dropped: readonly DroppedName[]): string[] {
  const more = dropped.length - mostDropped;
  if (!by || !mayOperate(by))
    return [`The catalog no longer has ${dropped.length} names that are in use; the log has them.`];
  const named = dropped.slice(0, mostDropped).map(describeDropped);
  return more > 0 ? [...named, `The catalog no longer has ${more} more names that are in use.`] : named;
}
