/** What follows when an operation has released its namespace. */
import type { Berth } from "../domain/naming/names.ts";
import type { Invocation } from "../durable/activity.ts";
import { logLine } from "../telemetry/logLine.ts";

type Client = ReturnType<NonNullable<Invocation["client"]>>;
type Admit = (
  worker: { readonly client: Client; readonly warn: (message: string) => void },
  berth: Berth,
) => Promise<void>;

let admitNext: Admit | undefined;

/**
 * Called once, by the composition root. Activities cannot import the code that begins an operation: it starts an
 * orchestration, and orchestrations import the activities.
 */
export function provideAdmission(admit: Admit): void {
  admitNext = admit;
}

/** Begins the next request that waits for the namespace. If that fails, the operation has still ended. */
export async function admitWaiting({ client, warn }: Invocation, berth: Berth): Promise<void> {
  if (!admitNext || !client) return;
  try {
    await admitNext({ client: client(), warn }, berth);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(logLine("waiting request not admitted yet", { namespace: `${berth.cluster}/${berth.namespace}`, reason }));
  }
}
