/** Reads everything of a namespace back and says what differs from what was asked for. Reads only. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { identityName } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import { inspectCredentials } from "./credentialInspection.ts";
import { inspectDatabase } from "./databaseInspection.ts";
import type { Inspection, Look } from "./inspectionSubject.ts";
import { inspectObjects } from "./objectInspection.ts";

export async function inspectNamespace(ports: Ports, inspection: Inspection): Promise<readonly Finding[]> {
  const { request } = inspection;
  const name = identityName(request);
  let identity: ManagedIdentity | undefined;
  const identityFindings = await readable(name, async () => {
    identity = await ports.identities.get(identityRef(findCluster(ports.catalog, request.cluster), request));
    return compareIdentity(name, identity, inspection.clientId);
  });
  // Users and objects are right when they name the identity that is there; when it is gone, the one that was.
  const clientId = identity?.clientId ?? inspection.clientId;
  if (clientId === undefined) return identityFindings;
  const look: Look = { ...inspection, clientId };
  const others = await Promise.all([
    ...request.databases.map((database) =>
      readable(`${database.server}/${database.database}`, () => inspectDatabase(ports, look, database)),
    ),
    readable(`Namespace ${request.namespace}`, () => inspectObjects(ports, look)),
    identity === undefined ? [] : readable(name, () => inspectCredentials(ports, look)),
  ]);
  return [...identityFindings, ...others.flat()];
}

/** A refusal is itself a finding; a passing fault says nothing and leaves the question open. */
async function readable(target: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return [finding("UNREADABLE", target, { field: "read", expected: null, found: `${error.code}: ${error.message}` })];
  }
}

function compareIdentity(
  name: string,
  identity: ManagedIdentity | undefined,
  clientId: string | undefined,
): readonly Finding[] {
  if (!identity) {
    return [finding("IDENTITY_MISSING", name, { field: "clientId", expected: clientId ?? null, found: null })];
  }
  const findings: Finding[] = [];
  if (clientId !== undefined && identity.clientId !== clientId) {
    findings.push(
      finding("IDENTITY_REPLACED", name, { field: "clientId", expected: clientId, found: identity.clientId }),
    );
  }
  const added = readTags(identity.tags) ? Object.keys(identity.tags).filter((tag) => !tag.startsWith("mooring-")) : [];
  if (added.length > 0) {
    const found = added.toSorted().join(", ");
    findings.push(finding("IDENTITY_TAGS_ADDED", name, { field: "tags", expected: null, found }));
  }
  return findings;
}
