/** How the identity is bound to the cluster, and how the binding is removed and put back. */

import { z } from "zod";
import { identityRef } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { automaticCredential } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { throwConflict } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/stepName.ts";
import { usesBinding } from "../../domain/request/identityModes.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { isMissed } from "../definitions/missed.ts";
import { clientOf, lastOf, type OperationFacts } from "../definitions/operationFacts.ts";
import { defineStep, type StepContext, type StepInput } from "../definitions/step.ts";
import { withUnknownClientId } from "../definitions/unknownClientId.ts";
import { type BindingDecision, planBinding, planUnbinding } from "./plan.ts";

const bound = {
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: ClientId }),
  /** The operation ends with this step. */
  isLast: z.boolean().optional(),
};

/** Azure takes some seconds for each of the writes. */
const write = { duration: { least: 3, most: 60 } } as const;

const from = (operation: OperationFacts) => ({
  adoptionPolicy: operation.request.adoptionPolicy,
  identity: clientOf(operation),
});

export const bindIdentity = defineStep({
  name: "bindIdentity",
  stage: "connect",
  ...write,
  target: "identity",
  undo: { by: "unbindIdentity" },
  given: bound,
  from: (operation) => ({ ...from(operation), ...lastOf(operation) }),
  look: async (ports, input) => withUnknownClientId((await planBinding(ports, input)).plan),
  async run(input, ports, step) {
    const [decision, earlier] = await Promise.all([planBinding(ports, input), step.earlier()]);
    throwConflict(decision.conflict);
    // A binding has no tags. The step's record, written before the binding, says that this operation makes it.
    const action = earlier?.action === "create" ? "create" : decision.plan.action;
    if (input.isLast) await step.commit();
    await bind(ports, decision, () => step.willDo(action, decision.plan.differences));
    return { action };
  },
});

/** Puts it back when a migration fails to remove it, or is canceled at that point. */
export const returnIdentityBinding = defineStep({
  name: "returnIdentityBinding",
  ...write,
  target: "identity",
  given: bound,
  from,
  async look(ports, input, { step }) {
    return { ...(await planBinding(ports, input)).plan, ...step };
  },
  async run(input, ports, step) {
    const decision = await planBinding(ports, input);
    throwConflict(decision.conflict);
    await bind(ports, decision, () => step.willDo(decision.plan.action, decision.plan.differences));
    return { action: decision.plan.action };
  },
});

async function bind(
  { identityBindings }: Pick<Ports, "identityBindings">,
  { plan: { action }, ref, identityId, isAnew }: BindingDecision,
  announce: () => Promise<void>,
): Promise<void> {
  if (action !== "create" && action !== "update") return;
  await announce();
  if (isAnew) await identityBindings.remove(ref);
  await identityBindings.put(ref, { identityId });
}

/** Removes the binding and, with the last one in the clusters of the catalog, the credential that Azure gave the identity for them. */
export const unbindIdentity = defineStep({
  name: "unbindIdentity",
  ...write,
  target: "identity",
  undo: { by: "returnIdentityBinding" },
  given: { isLeftOver: z.boolean().optional() },
  from: ({ kind }) => (kind === "repair" ? { isLeftOver: true } : {}),
  look: async (ports, input) => (await planUnbinding(ports, input)).plan,
  run: unbind,
  whenDropped: leave,
});

async function unbind(
  input: StepInput & { readonly isLeftOver?: boolean | undefined },
  ports: Ports,
  step: Pick<StepContext, "willDo" | "earlier">,
) {
  const earlier = await step.earlier();
  // A repair removes it in a step with other things.
  const resumes = earlier?.name === ("unbindIdentity" satisfies StepName) && earlier.action === "delete";
  const { plan, ref, isLast, isAbsent } = await planUnbinding(ports, { ...input, resumes });
  const action = resumes ? "delete" : plan.action;
  if (plan.action === "delete" || plan.action === "update") {
    await step.willDo(plan.action, plan.differences);
    // Before the binding: whoever takes up what a step leaves half done finds it by the binding.
    const identity = identityRef(ports.catalog, input);
    if (isLast) await ports.identities.removeFederatedCredential(identity, automaticCredential);
    if (ref) await ports.identityBindings.remove(ref);
  }
  const made = { madeBy: "bindIdentity", isOnboarded: hasBinding } as const;
  const isSurprising = action !== "delete" && isAbsent && (await isMissed(ports, input, made));
  return defined({ action, isMissed: isSurprising || undefined });
}

function hasBinding({ request }: NamespaceRecord): boolean {
  return usesBinding(request);
}
