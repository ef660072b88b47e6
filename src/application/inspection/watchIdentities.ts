/** Identities that no record knows: counted with drift, so that its alert fires, published, logged, and told by readiness. */

import { severityOf } from "../../domain/finding.ts";
import { driftEvent } from "../../domain/watching/driftEvent.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { driftFindings } from "../../telemetry/metrics.ts";
import {
  describeUnrecorded,
  findUnrecorded,
  type UnrecordedIdentity,
  unrecordedFinding,
} from "./unrecordedIdentities.ts";

interface Log {
  warn(line: string): void;
}

export interface IdentityWatch {
  /** Called by the drift timer; looks as often as at a namespace. */
  look(context: Log): Promise<void>;
  /** As of the last look of this instance. */
  unrecorded(): readonly UnrecordedIdentity[];
}

type Watching = Pick<Ports, "catalog" | "events" | "identities" | "registry">;

export function watchIdentities(ports: Watching): IdentityWatch {
  let found: readonly UnrecordedIdentity[] = [];
  let lookedAt: number | undefined;
  return {
    async look(context) {
      const now = performance.now();
      if (lookedAt !== undefined && now - lookedAt < ports.catalog.drift.everyMinutes * 60_000) return;
      lookedAt = now;
      const before = new Set(found.map(idOf));
      try {
        found = await findUnrecorded(ports);
        for (const each of found) {
          const what = unrecordedFinding(each);
          driftFindings.add(1, { code: what.code, severity: severityOf(what) });
          if (!before.has(idOf(each))) await publish(ports, context, each);
        }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        context.warn(logLine("identities not looked at", { reason }));
      }
    },
    unrecorded: () => found,
  };
}

/** The event has the same ID after a restart, and on every instance. */
async function publish({ events }: Pick<Ports, "events">, context: Log, unrecorded: UnrecordedIdentity): Promise<void> {
  const { berth, createdBy } = unrecorded;
  context.warn(logLine(describeUnrecorded(unrecorded), { operation: createdBy }));
  const time = new Date().toISOString();
  await events.publish(driftEvent(berth, [unrecordedFinding(unrecorded)], { since: createdBy, time }));
}

function idOf({ identity }: UnrecordedIdentity): string {
  return identity.principalId;
}
