/** What the orchestrations of a batch ask of the registry (docs/adr/0009-batch-lanes.md). */
import { z } from "zod";
import { claimNext } from "../application/batch/claimNext.ts";
import { concludeBatch as conclude } from "../application/batch/concludeBatch.ts";
import { recordBatchStart } from "../application/batch/recordBatchStart.ts";
import { refuseItems } from "../application/batch/refuseItems.ts";
import { giveUpVerification, verifyItem as verify } from "../application/batch/verifyItem.ts";
import { launchOf } from "../domain/operation/launch.ts";
import { movedIn } from "../domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import type { Ports } from "../ports/index.ts";
import { activity } from "./host.ts";

const BatchInput = z.object({ batch: z.string() });

/** Records and announces that the batch runs, and ends the items that need no lane. Idempotent. */
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
  /** Since 0.2.0. */
  moved: z.array(z.string()).readonly().optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  traceparent: z.string().optional(),
});
export type ItemToRun = z.infer<typeof ItemToRun>;

/** An operation on an onboarded namespace: the orchestration that runs it, and the input of that orchestration. */
const ItemToLaunch = z.object({
  orchestration: z.enum(["repairNamespace", "migrateNamespace", "migrateBack", "offboardNamespace"]),
  operation: z.string(),
  input: z.unknown(),
});
export type ItemToLaunch = z.infer<typeof ItemToLaunch>;

/** Records the end of the lane's last item, then claims the lane's next one. */
export const claimNextItem = activity({
  name: "takeBatchItem",
  input: BatchInput.extend({ lane: z.string(), done: z.int().optional() }),
  /** No index: no items are left. An index with nothing to do: there may be more. */
  output: z.object({
    index: z.int().optional(),
    run: ItemToRun.optional(),
    launch: ItemToLaunch.optional(),
    verifies: z.literal(true).optional(),
  }),
  async run({ batch, lane, done }, ports) {
    const { index, record, verifies } = await claimNext(ports, { batch, lane, done });
    if (verifies) return { index, verifies };
    return record ? { index, ...toDo(ports, record) } : { index };
  },
});

/** Onboardings and changes keep the form of 0.1.0, because lanes that it started may still be running. */
function toDo({ catalog }: Pick<Ports, "catalog">, record: HeldRecord): { run: ItemToRun } | { launch: ItemToLaunch } {
  const { orchestration, input } = launchOf(catalog, record);
  switch (orchestration) {
    case "onboardNamespace":
    case "changeNamespace":
      return { run: toRun(record) };
    case "compensateOperation":
      throw new Error(`a batch does not compensate, but operation ${record.operation} does`);
    default:
      return { launch: { orchestration, operation: record.operation, input } };
  }
}

function toRun(record: NamespaceRecord): ItemToRun {
  const { operation, request, earlier, requestedBy, team, traceparent } = record;
  const kind = record.state === "Changing" ? "change" : "onboard";
  return { kind, operation, request, earlier, ...movedIn(record), requestedBy, team, traceparent };
}

/** Verifies an item and ends it. With `failure`, verification was impossible, and the item ends with that failure. */
export const verifyItem = activity({
  name: "verifyBatchItem",
  input: BatchInput.extend({
    index: z.int(),
    failure: z.object({ code: z.string(), message: z.string() }).optional(),
  }),
  output: z.object({}),
  async run({ batch, index, failure }, ports) {
    if (failure) await giveUpVerification(ports, batch, { index, ...failure });
    else await verify(ports, batch, index);
    return {};
  },
});

/** Ends the batch if every item has ended; otherwise returns how many have not begun and how many are running. */
export const concludeBatch = activity({
  name: "concludeBatch",
  input: BatchInput,
  output: z.object({ notBegun: z.int(), running: z.int() }),
  async run({ batch }, ports) {
    return await conclude(ports, batch);
  },
});
