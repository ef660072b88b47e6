/** What a repair would do: the looks of its own steps, one after the other, and nothing written. */
import { type Plan, type StepPlan, toPlan } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { plannedSteps, type StepName } from "../domain/steps.ts";
import type { ManagedIdentity, Ports } from "../ports.ts";
import { planDatabase } from "./databaseUser.ts";
import { planCredential } from "./federatedCredential.ts";
import { isDecision, planIdentity } from "./identity.ts";
import { planLeftovers } from "./leftovers.ts";
import { explain } from "./looks.ts";
import { planNamespace } from "./namespace.ts";
import { planPodIdentity, selectorOf } from "./podIdentity.ts";
import { planCheck } from "./sameNamespace.ts";
import { planServiceAccount } from "./serviceAccount.ts";

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
