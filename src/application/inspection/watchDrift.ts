/**
 * Looks at every onboarded namespace at its own pace, records and publishes drift, and starts a repair where the catalog says
 * so. Reads only, but for the verification Job where an earlier one came before the access was in effect; the repair is an operation
 * like any other, with the same claim.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type Finding, fingerprint, isRepairable, severityOf } from "../../domain/finding.ts";
import { hasPassed } from "../../domain/hasPassed.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord, OnboardedRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { driftFindings } from "../../telemetry/metrics.ts";
import { concerning, inSpan } from "../../telemetry/spans.ts";
import { inspectionOf, recordFindings } from "./driftRecord.ts";
import type { Inspected } from "./inspection.ts";
import { proveNamespace, readTwice } from "./proveNamespace.ts";

/** Where its lines go. */
type Log = Record<"log" | "warn", (line: string) => void>;

/**
 * One look gets the identity and lists its credentials; Azure allows a subscription 10 and 5 of these a second (entra-docs,
 * workload identity federation considerations). One look a second leaves most of that to the operations.
 */
const mostPerRun = 20;
const pauseMs = 1_000;
const dayMs = 86_400_000;

export interface Watch {
  /** Starts a repair, and records what it is for. */
  readonly repair: (
    record: NamespaceRecord,
    repairTried: NonNullable<NamespaceRecord["repairTried"]>,
  ) => Promise<{ readonly operation: string }>;
  readonly pauseMs?: number;
}

export async function watchDrift(ports: Ports, context: Log, { repair, ...pace }: Watch): Promise<void> {
  const looks: Promise<void>[] = [];
  for (const record of await dueNamespaces(ports, Date.now())) {
    if (looks.length > 0) await sleep(pace.pauseMs ?? pauseMs);
    const { cluster, namespace } = record;
    looks.push(
      concerning({ cluster, namespace }, () =>
        inSpan("look for drift", {}, () => look(ports, context, { record, repair })),
      ),
    );
  }
  await Promise.all(looks);
}

/** Oldest look first. A namespace that could not be read waits for its next turn, and holds up no other. */
async function dueNamespaces({ catalog, registry }: Ports, now: number): Promise<readonly Stored<OnboardedRecord>[]> {
  const everyMs = catalog.drift.everyMinutes * 60_000;
  const before = new Date(now - everyMs).toISOString();
  const seen = ({ lookedTime, verifiedTime }: OnboardedRecord) => lookedTime ?? verifiedTime ?? "";
  return (await registry.namespacesToVerify({ before }))
    .filter((record) => hasPassed(Date.parse(seen(record)) || 0, everyMs, now))
    .toSorted((a, b) => (seen(a) < seen(b) ? -1 : Number(seen(a) > seen(b))))
    .slice(0, mostPerRun);
}

async function look(
  ports: Ports,
  context: Log,
  { record, repair }: { record: Stored<OnboardedRecord> } & Pick<Watch, "repair">,
): Promise<void> {
  const namespace = namespaceKey(record);
  try {
    const { findings, things } = await read(ports, record);
    for (const finding of findings) driftFindings.add(1, { code: finding.code, severity: severityOf(finding) });
    const recorded = await recordFindings(ports, record, { findings, things });
    const facts = { namespace, findings: findings.length, recorded: !!recorded };
    context.log(logLine("namespace looked at", facts));
    if (!recorded) return;
    const tried = toRepair(ports.catalog, recorded, new Date());
    if (!tried) return;
    const { operation } = await repair(recorded, tried);
    context.log(logLine("repair started for drift", { namespace, operation }));
  } catch (error) {
    const reason = messageOf(error);
    context.warn(logLine("namespace not looked at", { namespace, reason }));
    // An operation that came first is not a failure.
    if (!(error instanceof Refusal)) await noteFailedLook(ports, context, record);
  }
}

/** Only another login can clear what a login found: it is tried again where access was granted and not yet in effect. */
async function read(ports: Ports, record: Stored<OnboardedRecord>): Promise<Inspected> {
  const { findings: known = [], lookedTime = record.verifiedTime } = record;
  const isPending = known.some(({ code }) => code === "LOGIN_NOT_YET_EFFECTIVE");
  if (isPending)
    return await proveNamespace(ports, inspectionOf(record), `drift ${namespaceKey(record)} ${lookedTime}`);
  const seen = await readTwice(ports, inspectionOf(record));
  return { ...seen, findings: [...seen.findings, ...known.filter(({ code }) => code.startsWith("LOGIN_"))] };
}

async function noteFailedLook(
  { registry }: Ports,
  context: Pick<Log, "warn">,
  record: Stored<OnboardedRecord>,
): Promise<void> {
  try {
    await registry.replaceNamespace({ ...record, lookedTime: new Date().toISOString() });
  } catch (error) {
    // Most likely the registry is unavailable: the next run looks again, at this namespace first.
    const reason = messageOf(error);
    context.warn(logLine("failed look not noted", { namespace: namespaceKey(record), reason }));
  }
}

/**
 * What a repair would be started for; undefined if there is nothing to repair, or the same repair was tried in vain within
 * the last day.
 */
export function toRepair(
  { drift }: Pick<Catalog, "drift">,
  { findings = [], repairTried }: Pick<NamespaceRecord, "findings" | "repairTried">,
  now: Date,
): NonNullable<NamespaceRecord["repairTried"]> | undefined {
  const isMeant = (finding: Finding) => drift.repair !== "none" && drift.repair.includes(severityOf(finding));
  const meant = findings.filter((finding) => isRepairable(finding) && isMeant(finding));
  if (meant.length === 0) return undefined;
  const tried = { findings: fingerprint(meant), time: now.toISOString() };
  const isRepetition = repairTried?.findings === tried.findings && now.getTime() - Date.parse(repairTried.time) < dayMs;
  return isRepetition ? undefined : tried;
}
