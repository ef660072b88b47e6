/** The user-assigned identity of the namespace, on which everything else depends. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { breaksAccess, describeFinding, type Finding, finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { homeOf, identityName, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import { printTagsMark, readTags } from "../../domain/naming/ownership.ts";
import { isHeld, onboardedBefore } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { keysIn } from "../../domain/targets/wanted.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import type { Inspection, InspectionInput } from "../definitions/inspection.ts";
import { defineResource } from "../definitions/resource.ts";
import { earlierIdentities, findEarlier } from "./earlier.ts";
import { inspectRoles } from "./roles.ts";
import { lacksOf } from "./sharing.ts";
import { ensureIdentity, removeIdentity } from "./steps.ts";
import { surplusRoles } from "./surplus.ts";
import { knownTags } from "./tags.ts";

const provider = "Microsoft.ManagedIdentity/userAssignedIdentities";

export const identity = defineResource({
  steps: { ensureIdentity, removeIdentity },
  making: "prepare",
  leaving: "identity",
  ensure: (operation) => [ensureIdentity.keyFor(operation)],
  remove: (operation) => (isGuest(operation.request) ? [] : [removeIdentity.keyFor(operation)]),

  armActions: ({ request, identity: current }) =>
    current || isGuest(request) ? [] : [`${provider}/write`, `${provider}/delete`],

  // `readIdentity` reads the identity itself before all others: they are correct if they name the existing identity.
  inspect: (ports, { request, identity: reading, gaveRole, judgedRoles: judging }) => [
    {
      target: identityName(request),
      isElsewhere: true,
      async read() {
        if (isGuest(request)) return await inspectShared(ports, request);
        const current = await reading;
        return current ? await inspectRoles(ports, { identity: current, gaveRole, judging }) : [];
      },
    },
  ],

  surplus: [surplusRoles, earlierIdentities],

  remains: (ports, request) => {
    if (isGuest(request)) return [];
    return [
      ports.identities.get(identityRef(ports.catalog, request)).then(async (current) => {
        const isOurs =
          current && readTags((await knownTags(ports, request, current)).tags)?.berth === namespaceKey(request);
        return isOurs ? [`Identity ${identityName(request)} is still there.`] : [];
      }),
      findEarlier(ports, request).then((found) =>
        found.flatMap(({ identity: { id }, kept }) => (kept === undefined ? [`Identity ${id} is still there.`] : [])),
      ),
    ];
  },

  exported(catalog, { request }) {
    // It is in the export of the namespace whose own it is.
    if (isGuest(request)) return { commands: [] };
    const cluster = findCluster(catalog, request.cluster);
    const { subscriptionId, resourceGroup, name } = identityRef(catalog, request);
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
  const current = await identities.get(identityRef(catalog, request));
  if (current && !isGuest(request)) {
    const { name: thing, principalId: id, tags } = current;
    note({ thing, id, mark: printTagsMark(tags), field: "tags" });
  }
  const findings = compareIdentity(identityName(request), current, clientId);
  return {
    identity: current,
    findings: findings.filter(({ code }) => !isGuest(request) || code !== "IDENTITY_TAGS_ADDED"),
  };
}

/** What the home must have for its guest. Where it is looked at itself, is its own record's business. */
async function inspectShared(
  { registry }: Pick<Ports, "registry">,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  const home = homeOf(request);
  const record = await registry.getNamespace(home);
  const about = { field: namespaceKey(home), expected: "access" };
  const lacking = record ? lacksNow(record, request) : ["everything: it is not onboarded"];
  const isListed = record?.guests?.includes(namespaceKey(request)) ?? false;
  const broken = (record?.findings ?? []).filter((each) => breaksAccess(each) && keysIn(request).includes(each.target));
  return [
    ...(lacking.length > 0
      ? [finding("SHARED_ACCESS_MISSING", identityName(request), { ...about, found: `lacks ${list(lacking)}` })]
      : []),
    ...(record && !isListed
      ? [finding("SHARED_IDENTITY_UNLISTED", identityName(request), { ...about, expected: "named", found: null })]
      : []),
    ...(broken.length > 0
      ? [finding("SHARED_ACCESS_BROKEN", identityName(request), { ...about, found: list(broken.map(describeFinding)) })]
      : []),
  ];
}

/** A change removes last, and nothing that a guest asks for: until it has ended, what was there before counts, too. */
function lacksNow(home: NamespaceRecord, request: OnboardingRequest): readonly string[] {
  const before = isHeld(home) ? onboardedBefore(home) : undefined;
  const isThere = before !== undefined && lacksOf(before, request).length === 0;
  return isThere ? [] : lacksOf(home.request, request);
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
