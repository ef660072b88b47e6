/** What a repair would do: the looks of its own steps, one after the other, and nothing written. */
import { type Plan, type StepPlan, toPlan } from "../../domain/operation/plan.ts";
import { plannedSteps, type StepName } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import { planCheck } from "../operation/sameNamespace.ts";
import { planDatabase } from "../resources/databaseUser.ts";
import { planCredential } from "../resources/federatedCredential.ts";
import { isDecision, planIdentity } from "../resources/identity.ts";
import { planLeftovers } from "../resources/leftovers.ts";
import { planNamespace } from "../resources/namespace.ts";
import { planPodIdentity, selectorOf } from "../resources/podIdentity.ts";
import { planServiceAccount } from "../resources/serviceAccount.ts";
import { explain } from "./looks.ts";

export interface RepairInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly clientId: string | undefined;
  readonly isMigrating: boolean;
}

export async function planRepair(ports: Ports, input: RepairInput): Promise<Plan> {
  const { request, operation, clientId } = input;
  const identity = await planIdentity(ports, { ...request, operation, clientId }).catch((error: unknown) => error);
  const current = isDecision(identity) ? identity.current : undefined;
  const ensureIdentity = () => {
    if (isDecision(identity)) return identity.plan;
    throw identity;
  };
  const steps = await Promise.all(
    repairSteps(input).flatMap((step) => {
      const look = looks[step.name];
      if (step.name === "ensureIdentity") return explain(step, ensureIdentity);
      return look ? explain(step, () => look(ports, { ...input, identity: current, step })) : [];
    }),
  );
  // What was onboarded was approved then.
  return toPlan(steps);
}

/** In the middle of a migration both identity modes stand side by side, and neither is left over. */
function repairSteps({ request, isMigrating }: Pick<RepairInput, "request" | "isMigrating">): readonly StepName[] {
  return plannedSteps("repair", request).filter(({ name }) => !(isMigrating && name === "removeLeftovers"));
}

type LookInput = RepairInput & { readonly identity: ManagedIdentity | undefined; readonly step: StepName };

const looks: Readonly<Record<string, (ports: Ports, input: LookInput) => Promise<StepPlan>>> = {
  checkNamespace: (ports, { request }) => planCheck(ports, request),
  applyNamespace: (ports, { operation, request }) => planNamespace(ports, { ...request, operation }),
  grantDatabase: async (ports, { operation, request, identity, step }) => {
    const database = request.databases.find(({ server, database }) => `${server}/${database}` === step.target);
    if (!database) throw new Error(`no database of the request is ${step.target}`);
    return (await planDatabase(ports, { ...request, operation, database, identity, takesBack: true })).plan;
  },
  applyServiceAccount: (ports, { operation, request, identity }) =>
    planServiceAccount(ports, { ...request, operation, identity }),
  applyPodIdentity: (ports, { operation, request, identity }) =>
    planPodIdentity(ports, { ...request, operation, selector: selectorOf(request), identity }),
  federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
  removeLeftovers: (ports, { request }) => planLeftovers(ports, request),
};
