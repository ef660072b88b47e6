import type { Berth } from "../../domain/naming/names.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";

/** Of which namespace an operation is, and who asked for it. */
export interface Origin extends Berth {
  readonly operation: string;
  readonly requestedBy: string;
  readonly team?: string | undefined;
  readonly traceparent?: Traceparent | undefined;
}
