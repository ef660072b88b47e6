/** How the credential is made, removed and put back, by which tokens of the service account become tokens of the identity. */

import { z } from "zod";
import { identityRef } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { StepAction } from "../../domain/operation/operation.ts";
import { throwConflict } from "../../domain/operation/plan.ts";
import { usesCredential } from "../../domain/request/identityModes.ts";
import type { Ports } from "../../ports/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { isMissed } from "../definitions/missed.ts";
import { accountOf, lastOf } from "../definitions/operationFacts.ts";
import { armWrite } from "../definitions/resource.ts";
import { defineStep, type StepContext, type StepInput } from "../definitions/step.ts";
import { removeRights } from "../identityUse/leftByGuests.ts";
import { type OfAccount, ofAccount, ofReplacedAccount } from "../serviceAccount/forAccount.ts";
import { needOf, planCredential, planFirstCredential, planUnfederation } from "./plan.ts";

export const federateIdentity = defineStep({
  name: "federateIdentity",
  stage: "connect",
  ...armWrite,
  target: "identity",
  undo: { by: "unfederateIdentity" },
  given: {
    serviceAccount: z.string(),
    /** The operation ends with this step. */
    isLast: z.boolean().optional(),
    /** What the operation did to the identity; absent where it has no step for it. */
    identity: z.object({ action: StepAction }).partial().optional(),
  },
  from: (operation) => ({ serviceAccount: accountOf(operation), identity: operation.identity, ...lastOf(operation) }),
  async look(ports, input, { onNeed }) {
    const decision = await planCredential(ports, input);
    const need = needOf(decision);
    if (need) onNeed?.(need);
    return decision.plan;
  },
  async run(input, ports, step) {
    const before = step.earlier();
    // An identity that this operation has created has no credentials before the step's first try. Should someone have been
    // faster, Azure refuses a second one for the service account, and the adapter says which.
    const isFirst = input.identity?.action === "create" && (await before) === undefined;
    const looking = isFirst ? planFirstCredential(ports, input) : planCredential(ports, input);
    const [{ plan, conflict, desired }, earlier] = await Promise.all([looking, before]);
    throwConflict(conflict);
    // A credential has no tags. The step's record, written before the credential, says that this operation creates it.
    const action = earlier?.action === "create" ? "create" : plan.action;
    if (input.isLast) await step.commit();
    if (plan.action !== "create" && plan.action !== "update") return { action };
    await step.willDo(action, plan.differences);
    await ports.identities.putFederatedCredential(identityRef(ports.catalog, input), desired);
    return { action };
  },
});

async function unfederate(
  input: StepInput & OfAccount & { readonly isWhole?: boolean },
  ports: Ports,
  step: Pick<StepContext, "willDo">,
) {
  const { plan, found, bindings, rights, isAbsent } = await planUnfederation(ports, input);
  if (plan.action === "delete") {
    await step.willDo("delete", plan.differences);
    const ref = identityRef(ports.catalog, input);
    for (const name of found) await ports.identities.removeFederatedCredential(ref, name);
    for (const each of bindings) await ports.identityBindings.remove(each);
    await removeRights(ports, rights, { willDo: async () => undefined });
  }
  const made = { madeBy: "federateIdentity", isOnboarded: hasCredential } as const;
  const isSurprising = isAbsent && (await isMissed(ports, input, made));
  return defined({ action: plan.action, isMissed: isSurprising || undefined });
}

function hasCredential({ request }: NamespaceRecord): boolean {
  return usesCredential(request);
}

export const unfederateIdentity = defineStep({
  name: "unfederateIdentity",
  ...armWrite,
  target: "identity",
  undo: { by: "returnCredential" },
  ...ofAccount,
  // An offboarding takes every credential with a name of Mooring's.
  async look(ports, input, { kind }) {
    return (await planUnfederation(ports, { ...input, isWhole: kind === "offboard" })).plan;
  },
  run: (input, ports, step) => unfederate({ ...input, isWhole: input.looksAgain === true }, ports, step),
  whenDropped: leave,
});

export const retireCredential = defineStep({
  name: "retireCredential",
  writesIdentity: true,
  ...ofReplacedAccount,
  async look(ports, input, { step }) {
    return { ...(await planUnfederation(ports, input)).plan, ...step };
  },
  run: unfederate,
  whenDropped: leave,
});

/** Puts it back when a migration fails to remove it, or is canceled at that point. */
export const returnCredential = defineStep({
  name: "returnCredential",
  ...armWrite,
  target: "identity",
  ...ofAccount,
  async look(ports, input, { step }) {
    return { ...(await planCredential(ports, input)).plan, ...step };
  },
  async run(input, ports, step) {
    const { plan, conflict, desired } = await planCredential(ports, input);
    throwConflict(conflict);
    if (plan.action !== "create" && plan.action !== "update") return { action: plan.action };
    await step.willDo(plan.action, plan.differences);
    const ref = identityRef(ports.catalog, input);
    await ports.identities.putFederatedCredential(ref, desired);
    return { action: plan.action };
  },
});
