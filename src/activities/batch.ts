/** What the orchestrations of a batch ask of the registry (docs/adr/0009-batch-lanes.md). */
import { z } from "zod";
import { concludeBatch as conclude } from "../application/batch/concludeBatch.ts";
import { recordBatchStart } from "../application/batch/recordBatchStart.ts";
import { refuseItems } from "../application/batch/refuseItems.ts";
import { takeItem as take } from "../application/batch/takeItem.ts";
import type { NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { activity } from "./host.ts";

const BatchInput = z.object({ batch: z.string() });

/** Records and tells that the batch runs, and ends the items that no lane need take. Twice is as once. */
export const beginBatch = activity({
  name: "beginBatch",
  input: BatchInput,
  output: z.object({}),
  async run({ batch }, ports) {
    await recordBatchStart(ports, batch);
    await refuseItems(ports, batch);
    return {};
  },
});

const ItemToRun = z.object({
  kind: z.enum(["onboard", "change"]),
  operation: z.string(),
  request: OnboardingRequest,
  earlier: OnboardingRequest.optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  traceparent: z.string().optional(),
});
export type ItemToRun = z.infer<typeof ItemToRun>;

/** Notes the end of the lane's last item, and takes and claims the next one that the lane has to run. */
export const takeItem = activity({
  name: "takeBatchItem",
  input: BatchInput.extend({ lane: z.string(), done: z.int().optional() }),
  /** Without an index there is nothing left to take; without `run` there may be more. */
  output: z.object({ index: z.int().optional(), run: ItemToRun.optional() }),
  async run({ batch, lane, done }, ports) {
    const { index, record } = await take(ports, { batch, lane, done });
    return record ? { index, run: toRun(record) } : { index };
  },
});

function toRun(record: NamespaceRecord): ItemToRun {
  const { operation, request, earlier, requestedBy, team, traceparent } = record;
  const kind = record.state === "Changing" ? "change" : "onboard";
  return { kind, operation, request, earlier, requestedBy, team, traceparent };
}

/** Ends the batch when every item has ended; else says how many have not begun, and how many others run. */
export const concludeBatch = activity({
  name: "concludeBatch",
  input: BatchInput,
  output: z.object({ notBegun: z.int(), running: z.int() }),
  async run({ batch }, ports) {
    return await conclude(ports, batch);
  },
});
