import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { Traceparent } from "../../domain/watching/trace.ts";

/** The namespace of an operation, and who requested it. */
export interface Origin extends NamespaceRef {
  readonly operation: string;
  readonly requestedBy: string;
  readonly team?: string | undefined;
  readonly traceparent?: Traceparent | undefined;
}
