/** Batches that lose, repeat or mistake their items. */
import { createOperationId } from "../../../../src/domain/naming/operationId.ts";
import { seenOf } from "../../../../src/domain/operation/namespaceBatch.ts";
import type { Ports } from "../../../../src/ports/index.ts";
import type { Defects } from "./defect.ts";

/** Never records the end of an item. */
function withoutEnds(ports: Ports): Ports {
  const { registry } = ports;
  const updateBatchItems: typeof registry.updateBatchItems = (batch, updates) =>
    registry.updateBatchItems(
      batch,
      updates.filter(({ changes: { status } }) => status !== "Succeeded"),
    );
  return { ...ports, registry: { ...registry, updateBatchItems } };
}

/** Counts one more than there are. */
function withMoreSuccesses(ports: Ports): Ports {
  const { registry } = ports;
  const amendBatch: typeof registry.amendBatch = (record, { result, ...changes }) =>
    registry.amendBatch(
      record,
      result ? { ...changes, result: { ...result, succeeded: result.succeeded + 1 } } : changes,
    );
  return { ...ports, registry: { ...registry, amendBatch } };
}

/** Does not know that a lane starts what it has claimed. */
function withoutStarters(ports: Ports): Ports {
  const { registry } = ports;
  const heldNamespaces: typeof registry.heldNamespaces = async () =>
    (await registry.heldNamespaces()).map((record) => ({ ...record, batch: undefined }));
  return { ...ports, registry: { ...registry, heldNamespaces } };
}

/** Claims with a new id at every attempt. */
function withNewClaims(ports: Ports): Ports {
  const { registry } = ports;
  const getBatchItem: typeof registry.getBatchItem = async (batch, index) => {
    const item = await registry.getBatchItem(batch, index);
    return item && { ...item, claim: createOperationId(new Date()) };
  };
  return { ...ports, registry: { ...registry, getBatchItem } };
}

/** Misses that a batch was canceled. */
function withoutCancel(ports: Ports): Ports {
  const { registry } = ports;
  const getBatch: typeof registry.getBatch = async (id) => {
    const record = await registry.getBatch(id);
    if (!record) return undefined;
    const { cancel: _cancel, ...rest } = record;
    return rest;
  };
  return { ...ports, registry: { ...registry, getBatch } };
}

/** Never takes an item a second time, even if a lane left it unfinished. */
function withoutReturning(ports: Ports): Ports {
  const { registry } = ports;
  const replaceOpenBatch: typeof registry.replaceOpenBatch = async (record) =>
    Object.keys(record.taken).length === 0 ? true : registry.replaceOpenBatch(record);
  return { ...ports, registry: { ...registry, replaceOpenBatch } };
}

/** Loses a batch between its rows and its record. */
function withoutBatches(ports: Ports): Ports {
  const { registry } = ports;
  let count = 0;
  const insertBatch: typeof registry.insertBatch = async (record, requests) => {
    count += 1;
    if (count % 2 === 0) await registry.insertBatch(record, requests);
  };
  return { ...ports, registry: { ...registry, insertBatch } };
}

/** Mistakes the version at the item's turn for the chosen one. */
function withoutSeen(ports: Ports): Ports {
  const { registry } = ports;
  const getBatchItem: typeof registry.getBatchItem = async (batch, index) => {
    const item = await registry.getBatchItem(batch, index);
    const record = item?.seen && (await registry.getNamespace(item));
    return item && record ? { ...item, seen: seenOf(record) } : item;
  };
  return { ...ports, registry: { ...registry, getBatchItem } };
}

/** Treats every namespace as the caller's own. */
function withOneTeam(ports: Ports): Ports {
  const { registry } = ports;
  const getNamespace: typeof registry.getNamespace = async (namespaceRef) => {
    const record = await registry.getNamespace(namespaceRef);
    return record && { ...record, team: "green" };
  };
  return { ...ports, registry: { ...registry, getNamespace } };
}

export const batches: Defects = {
  "an item of a batch that never ends": { spoil: withoutEnds, finds: /: team\S* is Running/, isOfBatches: true },
  "a batch that counts wrong": { spoil: withMoreSuccesses, finds: /its totals are/, isOfBatches: true },
  "a timer that starts what is a lane's": {
    spoil: withoutStarters,
    finds: /was begun a second time/,
    isOfBatches: true,
  },
  "an item that claims anew with every try": { spoil: withNewClaims, finds: /items name it/, isOfBatches: true },
  "a batch that goes on after its cancel": {
    spoil: withoutCancel,
    finds: /began after its batch had been canceled/,
    isOfBatches: true,
  },
  "an item that nobody takes after a lane has broken off": {
    spoil: withoutReturning,
    finds: /stuck/,
    isOfBatches: true,
  },
  "a batch that is lost": { spoil: withoutBatches, finds: /was accepted and is lost/, isOfBatches: true },
  "a batch that takes what has changed since it was chosen": {
    spoil: withoutSeen,
    finds: /is not what was chosen/,
    isOfBatches: true,
  },
  "a batch that takes what another team has": { spoil: withOneTeam, finds: /'s and is green's/, isOfBatches: true },
};
