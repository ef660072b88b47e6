/** The user-assigned identity of the namespace, on which everything else depends. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { berthKey, identityName } from "../../domain/naming/names.ts";
import { printTagsMark, readTags } from "../../domain/naming/ownership.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { Inspection, InspectionInput } from "../definitions/inspection.ts";
import { defineResource } from "../definitions/resource.ts";
import { knownTags } from "./plan.ts";
import { inspectRoles } from "./roles.ts";
import { ensureIdentity, removeIdentity } from "./steps.ts";

const provider = "Microsoft.ManagedIdentity/userAssignedIdentities";

export const identity = defineResource({
  steps: { ensureIdentity, removeIdentity },
  making: "prepare",
  leaving: "identity",
  ensure: (operation) => [ensureIdentity.keyFor(operation)],
  remove: (operation) => [removeIdentity.keyFor(operation)],

  armActions: ({ identity: current }) => (current ? [] : [`${provider}/write`, `${provider}/delete`]),

  // `readIdentity` reads the identity itself before all others: they are correct if they name the existing identity.
  inspect: (ports, { request, identity: reading, isKnownRole }) => [
    {
      target: identityName(request),
      async read() {
        const current = await reading;
        const cluster = findCluster(ports.catalog, request.cluster);
        return current ? await inspectRoles(ports, { cluster, identity: current, isKnown: isKnownRole }) : [];
      },
    },
  ],

  remains: (ports, request) => [
    ports.identities.get(identityRef(findCluster(ports.catalog, request.cluster), request)).then(async (current) => {
      const isOurs = current && readTags((await knownTags(ports, request, current)).tags)?.berth === berthKey(request);
      return isOurs ? [`Identity ${identityName(request)} is still there.`] : [];
    }),
  ],

  exported(catalog, { request }) {
    const cluster = findCluster(catalog, request.cluster);
    const { subscriptionId, resourceGroup, name } = identityRef(cluster, request);
    const scope = ["--subscription", subscriptionId, "--resource-group", resourceGroup];
    return { commands: [["az", "identity", "create", ...scope, "--name", name, "--location", cluster.location]] };
  },
});

/** The existing identity, and the findings about it. */
export async function readIdentity(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  { request, clientId }: Pick<Inspection, "request" | "clientId">,
  note: InspectionInput["note"],
): Promise<{ readonly identity: ManagedIdentity | undefined; readonly findings: readonly Finding[] }> {
  const current = await identities.get(identityRef(findCluster(catalog, request.cluster), request));
  if (current) {
    const { name: thing, principalId: id, tags } = current;
    note({ thing, id, mark: printTagsMark(tags), field: "tags" });
  }
  return { identity: current, findings: compareIdentity(identityName(request), current, clientId) };
}

function compareIdentity(
  name: string,
  current: ManagedIdentity | undefined,
  clientId: ClientId | undefined,
): readonly Finding[] {
  if (!current) {
    return [finding("IDENTITY_MISSING", name, { field: "clientId", expected: clientId ?? null, found: null })];
  }
  const findings: Finding[] = [];
  if (clientId !== undefined && current.clientId !== clientId) {
    findings.push(
      finding("IDENTITY_REPLACED", name, { field: "clientId", expected: clientId, found: current.clientId }),
    );
  }
  const added = readTags(current.tags) ? Object.keys(current.tags).filter((tag) => !tag.startsWith("mooring-")) : [];
  if (added.length > 0) {
    const found = added.toSorted().join(", ");
    findings.push(finding("IDENTITY_TAGS_ADDED", name, { field: "tags", expected: null, found }));
  }
  return findings;
}
