/** What the catalog has dropped although it is in use: said in the log at start, and by readiness. */

import { app } from "@azure/functions";
import { type DroppedName, describeDropped, findDropped } from "../application/inspection/droppedNames.ts";
import { messageOf } from "../domain/messageOf.ts";
import type { Ports } from "../ports/index.ts";
import { logLine } from "../telemetry/logLine.ts";

export interface CatalogWatch {
  /** As of the last look; another look begins if that was a while ago, and nobody waits for it. */
  dropped(): readonly DroppedName[];
}

/** The catalog changes only with a restart; namespaces that use a name may be changed or offboarded at any time. */
const lookAgainMs = 5 * 60_000;
/** In the log and in readiness. */
export const mostDropped = 20;

export function watchCatalog(
  ports: Pick<Ports, "catalog" | "registry">,
  warn: (message: string) => void = console.warn,
): CatalogWatch {
  let found: readonly DroppedName[] = [];
  let lookedAt: number | undefined;
  const look = async () => {
    lookedAt = performance.now();
    try {
      found = await findDropped(ports);
    } catch (error) {
      const reason = messageOf(error);
      warn(logLine("catalog not compared with the registry", { reason }));
    }
  };
  app.hook.appStart(() => {
    // The worker waits for its start hooks, and the tables may be slow.
    void look().then(() => {
      for (const each of found.slice(0, mostDropped)) warn(logLine(describeDropped(each), { namespaces: each.count }));
    });
  });
  return {
    dropped() {
      if (lookedAt === undefined || performance.now() - lookedAt > lookAgainMs) void look();
      return found;
    },
  };
}
