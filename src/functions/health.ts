import { getClient } from "durable-functions";
import { type DroppedName, describeDropped } from "../application/inspection/droppedNames.ts";
import type { DriftWatch } from "../application/inspection/watchDrift.ts";
import type { Unrecorded, UnrecordedWatch } from "../application/inspection/watchUnrecorded.ts";
import type { Caller } from "../domain/access/caller.ts";
import { HealthDocument } from "../domain/documents/health.ts";
import { messageOf } from "../domain/messageOf.ts";
import { mayOperate } from "../domain/policy/policy.ts";
import { findInstance } from "../durable/orchestration.ts";
import { declareRoute } from "../http/declaration.ts";
import { body } from "../http/docs/answers.ts";
import { at } from "../http/place.ts";
import { json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import type { Ports } from "../ports/index.ts";
import { logLine } from "../telemetry/logLine.ts";
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

export interface Watches {
  readonly catalogWatch: CatalogWatch;
  readonly driftWatch: Pick<DriftWatch, "late">;
  readonly unrecordedWatch: Pick<UnrecordedWatch, "unrecorded">;
}

export function registerHealth(
  { registry }: Pick<Ports, "registry">,
  routes: Routes,
  { catalogWatch, driftWatch, unrecordedWatch }: Watches,
): void {
  routes.serveAnybody(live, async () => json(200, ok));

  routes.serveAnybody(ready, async ({ context, identify }) => {
    const needs = [
      ["The registry tables do not answer.", registry.probe()],
      ["The durable runtime does not answer.", findInstance(getClient(context), noInstance)],
    ] as const;
    const answers = await Promise.allSettled(needs.map(([, answer]) => answer));
    for (const [index, [reason]] of needs.entries()) {
      const answer = answers[index];
      if (answer?.status !== "rejected") continue;
      // The caller is not authenticated, so the reason goes only to the log.
      const cause: unknown = answer.reason;
      context.warn(logLine("not ready", { reason: messageOf(cause) }));
      const unavailable: HealthDocument = { status: "unavailable", reason };
      return json(503, unavailable, { "retry-after": "5" });
    }
    const unreadableRows = await registry.countUnreadable();
    const kinds = [
      warningsOfCatalog(catalogWatch.dropped()),
      warningsOfUnrecorded(unrecordedWatch.unrecorded()),
      warningsOfPace(driftWatch.late()),
    ];
    const needed = kinds.filter(({ named }) => named.length > 0);
    const health: HealthDocument = {
      ...ok,
      ...(unreadableRows === 0 ? {} : { unreadableRows }),
      ...(needed.length === 0 ? {} : { warnings: warningsFor(await identify(), needed) }),
    };
    return json(200, health);
  });
}

interface Warnings {
  /** One sentence for each. */
  readonly named: readonly string[];
  /** `3 names`, or `3 more names`. */
  readonly counted: (count: string) => string;
}

function warningsOfCatalog(dropped: readonly DroppedName[]): Warnings {
  const named = dropped.map(describeDropped);
  return { named, counted: (count) => `The catalog no longer has ${count} names that are in use` };
}

function warningsOfUnrecorded(unrecorded: readonly Unrecorded[]): Warnings {
  const named = unrecorded.map(({ text }) => text);
  return {
    named,
    counted: (count) =>
      `No record knows ${count} identities that Mooring made or lets pods use, or members of its roles`,
  };
}

const warningsOfPace = (named: readonly string[]): Warnings => ({
  named,
  counted: (count) => `Namespaces of ${count} subscriptions are looked at less often than drift.everyMinutes says`,
});

/** Readiness answers anybody, so names are only for those who may see them elsewhere, too. */
function warningsFor(by: Caller | undefined, kinds: readonly Warnings[]): string[] {
  return kinds.flatMap(({ named, counted }) => {
    if (!by || !mayOperate(by)) return [`${counted(`${named.length}`)}; the log has them.`];
    const more = named.length - mostDropped;
    return [...named.slice(0, mostDropped), ...(more > 0 ? [`${counted(`${more} more`)}.`] : [])];
  });
}
