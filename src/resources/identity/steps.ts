/** How the identity of the namespace is made, or found, and removed. */

import { z } from "zod";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { TransientError } from "../../domain/errors.ts";
import { ClientId, IdentityPair, PrincipalId } from "../../domain/naming/identityPair.ts";
import { type IdentityUser, identityName, isGuest, namespaceKey } from "../../domain/naming/names.ts";
import { ownerTags } from "../../domain/naming/ownership.ts";
import { presentIdentity, withIdentities } from "../../domain/operation/identities.ts";
import { throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { withDependants } from "../definitions/dependants.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { isMissed } from "../definitions/missed.ts";
import { armWrite } from "../definitions/resource.ts";
import { defineStep, isUndo, StepResult } from "../definitions/step.ts";
import { dependantsOfIdentity } from "./dependants.ts";
import { differencesOf, findEarlier, noticesOf, removeEarlier } from "./earlier.ts";
import { planIdentity, planIdentityRemoval } from "./plan.ts";
import { whyNeeded } from "./sharing.ts";

/** Creates the user-assigned identity of the namespace, or uses the existing one unchanged: a guest, that of its home. */
export const ensureIdentity = defineStep({
  name: "ensureIdentity",
  stage: "prepare",
  ...armWrite,
  target: "identity",
  undo: { by: "removeIdentity" },
  given: {
    adoptionPolicy: AdoptionPolicy,
    /** The client id of the identity that the namespace was onboarded with, if it was. */
    clientId: ClientId.optional(),
  },
  output: StepResult.extend({ id: z.string(), clientId: ClientId, principalId: PrincipalId }),
  from: ({ request: { adoptionPolicy }, clientId }) => ({ adoptionPolicy, clientId }),
  look: async (ports, input, { identityLook }) => (await (identityLook ?? planIdentity(ports, input))).plan,
  async run(input, ports, step) {
    const { plan, current, conflict, lostTags } = await planIdentity(ports, input);
    throwConflict(conflict);
    const earlier = isGuest(input) ? [] : await findEarlier(ports, input);
    if (earlier.length > 0) await step.notice(noticesOf(earlier));
    const cluster = findCluster(ports.catalog, input.cluster);
    if (current) {
      await rememberIdentity(ports, input, current);
      if (lostTags) {
        await step.willDo(plan.action, plan.differences);
        const all = { ...current.tags, ...lostTags };
        await ports.identities.put(identityRef(ports.catalog, input), { location: current.location, tags: all });
      }
      return { action: plan.action, ...pick(current) };
    }
    const tags = ownerTags(input, input.operation, await ports.registry.installation());
    await step.willDo("create", plan.differences, { isMarked: true });
    const created = await ports.identities.put(identityRef(ports.catalog, input), { location: cluster.location, tags });
    await rememberIdentity(ports, input, created);
    return { action: "create", ...pick(created) };
  },
});

/** Removes the identity if Mooring created it; its federated credentials go with it. */
export const removeIdentity = defineStep({
  name: "removeIdentity",
  ...armWrite,
  target: "identity",
  given: {},
  from: () => ({}),
  async look(ports, input, { kind, request, ignoreDependants = false, gaveRole = () => false }) {
    // Before anything else: it counts although nothing of the identity may be removed or can be reached.
    const conflict = kind === "offboard" ? await whyNeeded(ports, input) : undefined;
    if (conflict)
      return toStepPlan({ name: "removeIdentity", target: identityName(input) }, { action: "none", conflict });
    const { plan: own, current } = await planIdentityRemoval(ports, input);
    const earlier = isUndo(input) ? [] : await findEarlier(ports, input);
    const more = differencesOf(earlier);
    const plan =
      more.length > 0 ? { ...own, action: "delete" as const, differences: [...own.differences, ...more] } : own;
    if (kind !== "offboard" || own.action !== "delete" || !current) return plan;
    const dependants = await dependantsOfIdentity(ports, { request, identity: current, gaveRole });
    return withDependants(plan, dependants, ignoreDependants);
  },
  async run(input, ports, step) {
    const { plan, current } = await planIdentityRemoval(ports, input);
    const earlier = isUndo(input) ? [] : await findEarlier(ports, input);
    const more = differencesOf(earlier);
    const action = more.length > 0 ? "delete" : plan.action;
    if (action === "delete") await step.willDo(action, [...plan.differences, ...more]);
    if (plan.action === "delete") await ports.identities.remove(identityRef(ports.catalog, input));
    await removeEarlier(ports, earlier, step);
    const made = { madeBy: "ensureIdentity", isOnboarded: () => true } as const;
    return !current && (await isMissed(ports, input, made)) ? { action, isMissed: true } : { action };
  },
  whenDropped: leave,
});

/** What is given to it later is the namespace's only if the record knows it. */
async function rememberIdentity(
  { registry }: Pick<Ports, "registry">,
  user: IdentityUser,
  identity: ManagedIdentity,
): Promise<void> {
  if (isGuest(user)) return;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const record = await registry.getNamespace(user);
    if (!record) return;
    const next = withIdentities(record, presentIdentity(record), IdentityPair.parse(identity));
    if (next === record || (await registry.replaceNamespace(next))) return;
  }
  throw new TransientError(
    "REGISTRY_UNAVAILABLE",
    `The record of ${namespaceKey(user)} is written by others all the time.`,
  );
}

function pick({ id, clientId, principalId }: ManagedIdentity) {
  return { id, clientId, principalId };
}
