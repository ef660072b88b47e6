import type { Caller } from "../../domain/access/caller.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports.ts";

/** For whom is claimed. */
export interface Clerk {
  readonly ports: Ports;
  readonly by: Caller;
  readonly traceparent: Traceparent;
  /** Into the log. */
  readonly warn?: (message: string) => void;
  /** Of an item of a batch: the id that its operation gets, noted there before, so that a second try claims the same. */
  readonly item?: { readonly batch: string; readonly operation: string };
}
