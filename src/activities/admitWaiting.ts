/** What follows when an operation has released its namespace. */
import type { Berth } from "../domain/naming/names.ts";
import type { Invocation } from "../durable/activity.ts";
import type { ActivityPorts } from "./host.ts";

/** Begins the next request that waits for the namespace. */
export async function admitWaiting(
  { backlog }: Pick<ActivityPorts, "backlog">,
  { client, warn }: Invocation,
  berth: Berth,
): Promise<void> {
  if (client) await backlog?.admitNext({ client: client(), warn }, berth);
}
