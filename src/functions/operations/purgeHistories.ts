/**
 * Purges what the durable runtime keeps of ended instances: their history with its inputs and outputs. The registry keeps the
 * operation, its steps and the audit trail, and nothing reads a history any more.
 */
import { app, type InvocationContext } from "@azure/functions";
import { type DurableClient, getClient, input } from "durable-functions";
import { endedStatuses } from "../../durable/orchestration.ts";
import { logLine } from "../../telemetry/logLine.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Days before the newest one take turns, one per run: for instances that ran long, and for what missed runs left. */
const olderDays = 365;

interface Kept {
  readonly days: number;
  readonly now: Date;
}

export function registerPurgeHistories({ days }: Pick<Kept, "days">): void {
  app.timer("purgeHistories", {
    schedule: "0 30 * * * *",
    extraInputs: [input.durableClient()],
    handler: async (_timer, context) => await purgeHistories(getClient(context), context, { days, now: new Date() }),
  });
}

/**
 * The runtime purges by the time an instance began, and takes as long as there is something to purge. So each run covers two
 * days of beginnings, and purges no more than began in them.
 */
export async function purgeHistories(
  client: Pick<DurableClient, "purgeInstanceHistoryBy">,
  context: Pick<InvocationContext, "log">,
  kept: Kept,
): Promise<void> {
  for (const { from, to } of windowsOf(kept)) {
    const { instancesDeleted } = await client.purgeInstanceHistoryBy({
      createdTimeFrom: from,
      createdTimeTo: to,
      runtimeStatus: [...endedStatuses],
    });
    if (instancesDeleted > 0) context.log(logLine("histories purged", { purged: instancesDeleted, from, to }));
  }
}

function windowsOf({ days, now }: Kept): readonly { from: Date; to: Date }[] {
  const newest = now.getTime() - days * dayMs;
  return [
    { from: new Date(newest - dayMs), to: new Date(newest) },
    olderWindow(newest, Math.floor(now.getTime() / hourMs)),
  ];
}

/** Calendar days: they stay fixed while the runs go through them. The last turn takes everything older. */
function olderWindow(newest: number, run: number): { from: Date; to: Date } {
  const turn = run % (olderDays + 1);
  if (turn === olderDays) return { from: new Date(0), to: new Date(newest - olderDays * dayMs) };
  const last = Math.floor(newest / dayMs) - 1;
  const day = last - ((last + olderDays - turn) % olderDays);
  return { from: new Date(day * dayMs), to: new Date((day + 1) * dayMs) };
}
