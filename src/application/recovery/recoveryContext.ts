import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";

/** A request that was accepted this recently starts its operation itself. */
export const graceMs = 10_000;

/** What a timer or a request needs to recover from a crash. */
export interface RecoveryContext {
  readonly ports: Ports;
  readonly client: RuntimeClient;
  readonly warn: (message: string) => void;
  /** In milliseconds; by default, the machine's clock. */
  readonly now?: () => number;
}
