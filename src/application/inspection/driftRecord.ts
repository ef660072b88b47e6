/** Findings go into the namespace's record, and to the topic when they differ from the previous findings. */

import { fingerprint, keep } from "../../domain/finding.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { withUnseen } from "../../domain/naming/ownership.ts";
import { presentIdentity, withIdentities } from "../../domain/operation/identities.ts";
import { besideOf } from "../../domain/operation/migration.ts";
import type { NamespaceRecord, OnboardedRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { driftEvent } from "../../domain/watching/driftEvent.ts";
import type { Ports } from "../../ports/index.ts";
import type { Inspection } from "../../resources/definitions/inspection.ts";
import { withPlaces } from "../admission/withPlaces.ts";
import type { Inspected } from "./inspection.ts";

/** What the inspection of an onboarded namespace needs to know. */
export function inspectionOf({ request, migration, ...record }: NamespaceRecord): Inspection {
  const { earlier, clientId, namespaceUid, things } = record;
  return { request, earlier, clientId, namespaceUid, modeBeside: besideOf(request, migration), things };
}

/**
 * Undefined when somebody has written the record since it was read: an operation has the namespace, and will inspect it
 * itself.
 */
export async function recordFindings(
  { catalog, registry, events }: Pick<Ports, "catalog" | "registry" | "events">,
  record: Stored<OnboardedRecord>,
  { findings, things }: Inspected,
): Promise<OnboardedRecord | undefined> {
  const time = new Date().toISOString();
  const kept = keep(findings);
  // Publish before writing: after a crash in between, the event is published again under the same ID.
  if (fingerprint(kept) !== fingerprint(record.findings ?? [])) {
    await events.publish(
      driftEvent(namespaceKey(record), kept, { since: record.verifiedTime ?? record.acceptedTime, time }),
    );
  }
  const known = { findings: kept, things: withUnseen(things, record.things) };
  const past = withIdentities(record, known.things === record.things ? undefined : presentIdentity(record));
  const next = { ...past, ...known, ...withPlaces(catalog, record), verifiedTime: time, lookedTime: time };
  return (await registry.replaceNamespace(next)) ? next : undefined;
}
