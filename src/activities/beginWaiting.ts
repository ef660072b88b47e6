/** What follows when an operation has released its namespace. */
import type { NamespaceRef } from "../domain/naming/names.ts";
import type { Invocation } from "../durable/activity.ts";
import type { ActivityPorts } from "./host.ts";

/** Begins the next request that waits for the namespace. */
export async function beginWaiting(
  { backlog }: Pick<ActivityPorts, "backlog">,
  { client, warn }: Invocation,
  namespaceRef: NamespaceRef,
): Promise<void> {
  if (client) await backlog?.beginNext({ client: client(), warn }, namespaceRef);
}
