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
import { isOnboarded } from "../../domain/operation/lifecycle.ts";
import { type LookTime, lookTimeOf } from "../../domain/operation/lookTime.ts";
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
 * A look lists an identity's credentials, which Azure allows a subscription 5 times a second (entra-docs, workload identity federation
 * considerations). Half of that stays for operations.
 */
const pauseMs = 400;
/** The timer's next run comes after 30 s, and not at all if this one still runs. */
const timerMs = 30_000;
const runMs = 25_000;
/** Of one subscription: a slow look holds up no other, and all that are under way fit into memory. */
const mostAtOnce = 10;
const dayMs = 86_400_000;

/** Starts a repair, and records what it is for. */
export type StartRepair = (
  record: NamespaceRecord,
  repairTried: NonNullable<NamespaceRecord["repairTried"]>,
) => Promise<{ readonly operation: string }>;

export interface DriftWatch {
  /** Called by the timer. */
  run(context: Log, repair: StartRepair): Promise<void>;
  /** A sentence for each subscription with more namespaces than it allows to look at in a period; as of the last list. */
  late(): readonly string[];
}

interface Run {
  readonly context: Log;
  readonly repair: StartRepair;
  /** On the clock of `performance`. */
  readonly until: number;
}

/**
 * Lists all namespaces once in a period, and looks at each when it is due, the least recently seen first: what is due costs the same to
 * find, however many there are. One that is onboarded meanwhile is due after the next list.
 */
export function createDriftWatch(ports: Ports, pace = pauseMs): DriftWatch {
  const { catalog, registry } = ports;
  const everyMs = catalog.drift.everyMinutes * 60_000;
  const isDue = (seen: string) => hasPassed(Date.parse(seen) || 0, everyMs, Date.now());
  /** By subscription, the next one last. */
  let lines: readonly LookTime[][] = [];
  let listedAt = Number.NEGATIVE_INFINITY;
  let late: readonly string[] = [];

  async function list(context: Log): Promise<void> {
    const isOver = lines.every(({ length }) => length === 0) && performance.now() - listedAt >= everyMs;
    if (!isOver) return;
    const times = await registry.lookTimes();
    const subscriptionOf = ({ cluster }: LookTime) => catalog.clusters[cluster]?.subscriptionId ?? "";
    const bySubscription = Map.groupBy(
      times.toSorted(({ seen: one }, { seen: other }) => (one > other ? -1 : Number(one < other))),
      subscriptionOf,
    );
    lines = [...bySubscription.values()];
    listedAt = performance.now();
    late = [...bySubscription].flatMap(([subscription, { length }]) => {
      const takesMs = length * pace * (timerMs / runMs);
      // A period shorter than the timer's own, as in a sandbox, is never kept.
      if (takesMs <= Math.max(everyMs, timerMs)) return [];
      const minutes = Math.ceil(takesMs / 60_000);
      return `Subscription ${subscription} has ${length} namespaces, and a look at each takes ${minutes} minutes: set drift.everyMinutes to that or more.`;
    });
    for (const line of late) context.warn(logLine(line));
  }

  /** Undefined if an operation holds it, somebody has looked at it since the list, or it cannot be read. */
  async function dueRecord(next: LookTime, context: Log): Promise<Stored<OnboardedRecord> | undefined> {
    try {
      const record = await registry.getNamespace(next);
      return record && isOnboarded(record) && isDue(lookTimeOf(record).seen) ? record : undefined;
    } catch (error) {
      context.warn(logLine("namespace not looked at", { namespace: namespaceKey(next), reason: messageOf(error) }));
      return undefined;
    }
  }

  async function walk(line: LookTime[], { context, repair, until }: Run): Promise<void> {
    const underWay = new Set<Promise<void>>();
    for (let next = line.at(-1); next && isDue(next.seen) && performance.now() < until; next = line.at(-1)) {
      line.pop();
      const record = await dueRecord(next, context);
      if (!record) continue;
      const looking = concerning({ cluster: record.cluster, namespace: record.namespace }, () =>
        inSpan("look for drift", {}, () => look(ports, context, { record, repair })),
      ).finally(() => underWay.delete(looking));
      underWay.add(looking);
      if (underWay.size >= mostAtOnce) await Promise.race(underWay);
      if (line.length > 0) await sleep(pace);
    }
    await Promise.all(underWay);
  }

  return {
    async run(context, repair) {
      await list(context);
      const run = { context, repair, until: performance.now() + runMs };
      await Promise.all(lines.map((line) => walk(line, run)));
    },
    late: () => late,
  };
}

async function look(
  ports: Ports,
  context: Log,
  { record, repair }: { readonly record: Stored<OnboardedRecord>; readonly repair: StartRepair },
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
