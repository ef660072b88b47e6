import type { InvocationInput, InvocationResult, RegisteredFunction } from "../app.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../settings.ts";

/** What every listener gets from the host. */
export interface TriggerContext {
  readonly functions: readonly RegisteredFunction[];
  readonly settings: Settings;
  readonly log: Log;
  invoke(definition: RegisteredFunction, input: InvocationInput): Promise<InvocationResult>;
}

export interface Listener {
  /** Takes no new work, and resolves when what is running has ended. */
  close(): Promise<void>;
}
