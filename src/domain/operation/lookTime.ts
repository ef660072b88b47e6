import type { NamespaceRef } from "../naming/names.ts";
import type { OnboardedRecord } from "./namespaceRecord.ts";

export interface LookTime extends NamespaceRef {
  /** When the namespace was last verified or looked at, or this was tried in vain; empty if never. */
  readonly seen: string;
}

export function lookTimeOf({
  cluster,
  namespace,
  lookedTime,
  verifiedTime,
}: Pick<OnboardedRecord, "cluster" | "namespace" | "lookedTime" | "verifiedTime">): LookTime {
  return { cluster, namespace, seen: lookedTime ?? verifiedTime ?? "" };
}
