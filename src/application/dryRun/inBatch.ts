import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Planning } from "../../resources/definitions/step.ts";

/** What the look at an onboarded namespace takes from the batch that it is in. */
export interface InBatch extends Pick<Planning, "onNeed"> {
  /** Throws where the namespace is no longer as the batch saw it. */
  readonly expect?: (record: NamespaceRecord) => void;
  /** An operator's decision about what no record knows. */
  readonly adoptIdentity?: string | undefined;
}
