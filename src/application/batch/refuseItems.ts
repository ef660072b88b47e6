import { inGroups } from "../../domain/inGroups.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { describe } from "./batchItem.ts";
import { refuseBeyondQuota } from "./batchQuota.ts";
import { getBatch } from "./batchRecord.ts";

/**
 * Ends the items that are certain to be refused, before a lane gets the first one. Idempotent: items that have begun by then
 * have their place and are not checked again.
 */
export async function refuseItems(ports: Ports, id: string): Promise<void> {
  const { registry } = ports;
  const { by, work, requests, status, cancel } = await getBatch(ports, id);
  // Onboarded namespaces already count towards their quota.
  if (work || isFinal(status) || cancel) return;
  const open = async () => {
    const items = await registry.listBatchItems(id, { status: "NotStarted" });
    const read = await inGroups(items, atOnce, ({ index }) => unlessUnreadable(registry.getBatchItem(id, index)));
    return read.flatMap((item) => (item?.request ? [{ ...item, request: item.request }] : []));
  };
  const endTime = new Date().toISOString();
  for (const { item, refusal } of await refuseBeyondQuota({ ports, by }, requests, open)) {
    // Nor if somebody claims it in between, by its ETag: a claim gets the same refusal if it still applies.
    if (item.claim !== undefined) continue;
    await registry.amendBatchItem(id, item, { status: "Failed", error: describe(refusal), endTime });
  }
}

const atOnce = 20;
