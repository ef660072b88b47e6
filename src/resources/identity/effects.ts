import { z } from "zod";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { berthKey, identityName } from "../../domain/naming/names.ts";
import { ownerTags, printTagsMark, readTags } from "../../domain/naming/ownership.ts";
import { throwConflict } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import { withDependants } from "../definitions/dependants.ts";
import type { Inspection, InspectionInput } from "../definitions/inspection.ts";
import { isMissed } from "../definitions/missed.ts";
import type { ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineStep, RemovalInput, StepInput, StepResult } from "../definitions/step.ts";
import { dependantsOfIdentity } from "./dependants.ts";
import type { identity } from "./identity.ts";
import { knownTags, planIdentity, planIdentityRemoval } from "./plan.ts";
import { inspectRoles } from "./roles.ts";

/** Creates the user-assigned identity of the namespace, or uses the existing one unchanged. */
export const ensureIdentity = defineStep({
  name: "ensureIdentity",
  input: StepInput.extend({
    adoptionPolicy: AdoptionPolicy,
    /** The client id of the identity that the namespace was onboarded with, if it was. */
    clientId: z.guid().optional(),
  }),
  output: StepResult.extend({ id: z.string(), clientId: z.guid(), principalId: z.guid() }),
  target: identityName,
  async run(input, ports, step) {
    const { plan, current, conflict, lostTags } = await planIdentity(ports, input);
    throwConflict(conflict);
    const cluster = findCluster(ports.catalog, input.cluster);
    if (current) {
      if (lostTags) {
        await step.willDo(plan.action, plan.differences);
        const all = { ...current.tags, ...lostTags };
        await ports.identities.put(identityRef(cluster, input), { location: current.location, tags: all });
      }
      return { action: plan.action, ...pick(current) };
    }
    const tags = ownerTags(input, input.operation);
    await step.willDo("create", plan.differences, { isMarked: true });
    const created = await ports.identities.put(identityRef(cluster, input), { location: cluster.location, tags });
    return { action: "create", ...pick(created) };
  },
});

/** Removes the identity if Mooring created it; its federated credentials go with it. */
export const removeIdentity = defineStep({
  name: "removeIdentity",
  input: RemovalInput,
  output: StepResult,
  target: identityName,
  async run(input, ports, step) {
    const { plan, current } = await planIdentityRemoval(ports, input);
    const { action, differences } = plan;
    if (action === "delete") {
      await step.willDo(action, differences);
      await ports.identities.remove(identityRef(findCluster(ports.catalog, input.cluster), input));
    }
    const made = { madeBy: "ensureIdentity", isOnboarded: () => true } as const;
    return !current && (await isMissed(ports, input, made)) ? { action, isMissed: true } : { action };
  },
});

function pick({ id, clientId, principalId }: ManagedIdentity) {
  return { id, clientId, principalId };
}

const provider = "Microsoft.ManagedIdentity/userAssignedIdentities";

export const identityEffects: ResourceEffects<keyof typeof identity.steps> = {
  looks: {
    async ensureIdentity(ports, { request, operation, identityLook }) {
      return (await (identityLook ?? planIdentity(ports, { ...request, operation }))).plan;
    },
    async removeIdentity(ports, { kind, request, createdBy, ignoreDependants = false, gaveRole = () => false }) {
      const { cluster, namespace } = request;
      const { plan, current } = await planIdentityRemoval(ports, { cluster, namespace, createdBy });
      if (kind !== "offboard" || plan.action !== "delete" || !current) return plan;
      const dependants = await dependantsOfIdentity(ports, { request, identity: current, gaveRole });
      return withDependants(plan, dependants, ignoreDependants);
    },
  },

  armActions: ({ identity: current }) => (current ? [] : [`${provider}/write`, `${provider}/delete`]),

  // `readIdentity` reads the identity itself before all others: they are correct if they name the existing identity.
  inspect: (ports, { request, identity: reading, gaveRole }) => [
    {
      target: identityName(request),
      async read() {
        const current = await reading;
        const cluster = findCluster(ports.catalog, request.cluster);
        return current ? await inspectRoles(ports, { cluster, identity: current, gaveRole }) : [];
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
};

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
  clientId: string | undefined,
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
