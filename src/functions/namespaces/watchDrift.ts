/** The timer behind the drift watcher (application/inspection/watchDrift.ts). */
import { app } from "@azure/functions";
import { input } from "durable-functions";
import { acceptUpkeep } from "../../application/acceptance/acceptance.ts";
import type { DriftWatch } from "../../application/inspection/watchDrift.ts";
import type { UnrecordedWatch } from "../../application/inspection/watchUnrecorded.ts";
import { watchLeftovers } from "../../application/recovery/watchLeftovers.ts";
import { AppRole, type Caller } from "../../domain/access/caller.ts";
import { traceOf } from "../../domain/watching/trace.ts";
import { acceptanceContextOf } from "../../http/changes/acceptanceContext.ts";
import type { Ports } from "../../ports/index.ts";

const watcher: Caller = { id: "mooring", name: "Mooring's drift watcher", teams: [], roles: AppRole.options };

export function registerWatchDrift(ports: Ports, driftWatch: DriftWatch, unrecordedWatch: UnrecordedWatch): void {
  const leftoverWatch = watchLeftovers(ports);
  app.timer("watchDrift", {
    schedule: "*/30 * * * * *",
    extraInputs: [input.durableClient()],
    handler: async (_timer, context) => {
      const traceparent = traceOf({ caller: null, host: context.traceContext?.traceParent });
      const acceptance = acceptanceContextOf(ports, { context, by: watcher, traceparent });
      await driftWatch.run(context, (record, repairTried) =>
        acceptUpkeep(acceptance, "Repairing", { namespaceRef: record, prepare: () => ({ repairTried }) }),
      );
      await unrecordedWatch.look(context);
      await leftoverWatch.look(context);
    },
  });
}
