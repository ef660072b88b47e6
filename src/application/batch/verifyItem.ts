/** Verifies an item. It has no operation, since nothing that was onboarded changes; the result is its outcome. */
import { defined } from "../../domain/defined.ts";
import { findingCatalogue } from "../../domain/errors/findings.ts";
import { TransientError } from "../../domain/errors.ts";
import { describeFinding, type Finding, isError, worstOf } from "../../domain/finding.ts";
import { isFinal, type OperationError } from "../../domain/operation/operation.ts";
import { describeCode, toOperationError } from "../../domain/operation/plan.ts";
import type { BatchAsk, BatchItem, BatchRecord, Stored } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import { expectFree, findCurrent } from "../admission/claim.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { inspectionOf, recordFindings } from "../inspection/driftRecord.ts";
import { proveNamespace } from "../inspection/proveNamespace.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { describe, shortenError } from "./batchItem.ts";
import { amendItem, getBatch } from "./batchRecord.ts";
import { expectSeen } from "./chooseNamespaces.ts";
import { explainHolder } from "./claimWork.ts";

/** Whether the item has to be verified; if so, it shows as running. Idempotent. */
export async function beginVerification(
  ports: Pick<Ports, "registry">,
  batch: string,
  index: number,
): Promise<boolean> {
  const beginning = amendItem(ports, { batch, index }, ({ status, startTime = new Date().toISOString() }) =>
    status === "NotStarted" ? { status: "Running" as const, startTime } : undefined,
  );
  // One that cannot be read has ended.
  const { record, change } = (await unlessUnreadable(beginning)) ?? {};
  return change !== undefined || record?.status === "Running";
}

/** Verifies the namespace, records the findings, and ends the item. A transient error is thrown and retried. */
export async function verifyItem(ports: Ports, id: string, index: number): Promise<void> {
  const { registry } = ports;
  const [batch, item] = await Promise.all([getBatch(ports, id), registry.getBatchItem(id, index)]);
  if (!item || isFinal(item.status)) return;
  let end: Partial<BatchItem>;
  try {
    end = endOf(await look(ports, batch, item));
  } catch (error) {
    if (error instanceof TransientError) throw error;
    end = { status: "Failed", error: describe(await explainHolder(ports, error)) };
  }
  await endItem(ports, id, index, end);
}

/** Ends an item that could not be read for as long as the retries lasted. */
export async function giveUpVerification(
  ports: Pick<Ports, "registry">,
  batch: string,
  { index, code, message }: { index: number; code: string; message: string },
): Promise<void> {
  await endItem(ports, batch, index, { status: "Failed", error: shortenError(describeCode(code, message)) });
}

async function look(
  ports: Ports,
  { id, by }: BatchRecord,
  item: Stored<BatchItem & BatchAsk>,
): Promise<readonly Finding[]> {
  const record = await findCurrent(ports.registry, item, mustSee(by, item));
  // In the middle of an operation, nothing would match.
  expectFree(record);
  expectSeen(item, record);
  const found = await proveNamespace(ports, inspectionOf(record), `${id}.${item.index}`);
  if (record.state === "Onboarded") await recordFindings(ports, record, found);
  return found.findings;
}

function endOf(findings: readonly Finding[]): Partial<BatchItem> {
  const severity = worstOf(findings);
  const seen = { findings: findings.length, ...defined({ severity }) };
  const errors = findings.filter(isError);
  if (errors.length === 0) return { ...seen, status: "Succeeded", outcome: "verified" };
  return { ...seen, status: "Failed", error: broken(errors) };
}

function broken(errors: readonly Finding[]): OperationError {
  // Each finding has its own fix; those of different ones are in the namespace's findings.
  const fixes = new Set(errors.map(({ code }) => findingCatalogue[code].fix));
  const [fix] = fixes.size === 1 ? fixes : [];
  return shortenError(toOperationError("VERIFICATION_FAILED", errors.map(describeFinding).join(" "), fix));
}

/** The first end counts: a try that was given up may still reach its own. */
async function endItem(
  ports: Pick<Ports, "registry">,
  batch: string,
  index: number,
  end: Partial<BatchItem>,
): Promise<void> {
  await amendItem(ports, { batch, index }, ({ status }) =>
    isFinal(status) ? undefined : { ...end, endTime: new Date().toISOString() },
  );
}
