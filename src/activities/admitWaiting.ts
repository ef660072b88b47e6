/** What follows when an operation has let its namespace go. */
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
 * Called once, by the composition root: what begins an operation starts its orchestration, which imports the activities, so
 * they cannot import it.
 */
export function provideAdmission(admit: Admit): void {
  admitNext = admit;
}

/** Begins the next request that waits for the namespace. The end of the operation stands, whatever becomes of that. */
export async function admitWaiting({ client, warn }: Invocation, berth: Berth): Promise<void> {
  if (!admitNext || !client) return;
  try {
    await admitNext({ client: client(), warn }, berth);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(logLine("waiting request not admitted yet", { namespace: `${berth.cluster}/${berth.namespace}`, reason }));
  }
}
