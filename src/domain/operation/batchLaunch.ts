/** Which orchestration runs a batch, and with what input. */
import type { Catalog } from "../catalog/catalog.ts";
import type { NamespaceWork } from "./namespaceBatch.ts";
import type { BatchRecord } from "./records.ts";

export type BatchLaunch = ReturnType<typeof batchLaunchOf>;

/** An older release knows only onboardings, and must not mistake anything else for that: hence the two names. */
export function batchLaunchOf(
  catalog: Pick<Catalog, "batch" | "retry">,
  { id, work, requests }: Pick<BatchRecord, "id" | "requests"> & { readonly work?: NamespaceWork | undefined },
  run: string,
) {
  const lanes = Math.min(catalog.batch.lanes, requests);
  const input = { batch: id, lanes, retry: catalog.retry, run };
  return work
    ? ({ orchestration: "namespaceBatch", input } as const)
    : ({ orchestration: "onboardBatch", input } as const);
}
