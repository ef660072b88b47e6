import { AppRole, type Caller, queueRequester } from "../access/caller.ts";
import type { Catalog } from "../catalog/catalog.ts";

/**
 * Service Bus decides who may send to the queue; what a message says of its sender is not trusted. The catalog says whose
 * requests the queue carries; a catalog that authenticates callers and does not say so takes none from it.
 */
export function queueCaller({ auth, queue }: Pick<Catalog, "auth" | "queue">): Caller {
  const sender = { id: queueRequester, name: "queue" };
  if (queue) return { ...sender, teams: [queue.team], roles: ["Onboarding.Request"] };
  return { ...sender, teams: [], roles: auth ? ["Onboarding.Request"] : AppRole.options };
}
