/** Removes the rows of expired idempotency keys: by then, a repeated key is a new request. */
import { app, type InvocationContext } from "@azure/functions";
import type { Ports } from "../ports/index.ts";
import { logLine } from "../telemetry/logLine.ts";

/** The rest waits for the next run: 20,000 an hour are more than a caller's limits allow for long. */
const mostPerRun = 5_000;
const hourMs = 3_600_000;

export function registerForgetIdempotencyKeys(ports: Ports, { rowHours }: { readonly rowHours: number }): void {
  app.timer("forgetIdempotencyKeys", {
    schedule: "0 */15 * * * *",
    handler: async (_timer, context) => await forgetIdempotencyKeys(ports, context, { rowHours, now: new Date() }),
  });
}

export async function forgetIdempotencyKeys(
  { idempotencyKeys }: Pick<Ports, "idempotencyKeys">,
  context: Pick<InvocationContext, "log">,
  { rowHours, now }: { readonly rowHours: number; readonly now: Date },
): Promise<void> {
  const before = new Date(now.getTime() - rowHours * hourMs).toISOString();
  const removed = await idempotencyKeys.removeClaimedBefore(before, mostPerRun);
  if (removed > 0) context.log(logLine("idempotency keys removed", { removed, before }));
}
