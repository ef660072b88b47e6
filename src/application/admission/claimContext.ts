import type { Caller } from "../../domain/access/caller.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";

/** Who claims, and with what. */
export interface ClaimContext {
  readonly ports: Ports;
  readonly by: Caller;
  readonly traceparent: Traceparent;
  /** Writes to the log. */
  readonly warn?: (message: string) => void;
  /** The operation's ID, noted beforehand so that a second try begins the same operation; by default, a new one. */
  readonly operation?: string;
  /** The batch whose lane claims. */
  readonly batch?: string;
}
