import type { Caller } from "../../domain/access/caller.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";

/** For whom is claimed. */
export interface ClaimContext {
  readonly ports: Ports;
  readonly by: Caller;
  readonly traceparent: Traceparent;
  /** Into the log. */
  readonly warn?: (message: string) => void;
  /** The id that the operation gets, noted somewhere before, so that a second try begins the same; a new one without it. */
  readonly operation?: string;
  /** Whose lane claims. */
  readonly batch?: string;
}
