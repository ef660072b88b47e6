/** What a repair would do: the looks of its own steps, one after the other, and nothing written. */
import { PermanentError, TransientError } from "../domain/errors.ts";
import { type Plan, type StepPlan, toOperationError } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { plannedSteps, type StepName } from "../domain/steps.ts";
import type { ManagedIdentity, Ports } from "../ports.ts";
import { planDatabase } from "./databaseUser.ts";
import { planCredential } from "./federatedCredential.ts";
import { planIdentity } from "./identity.ts";
import { planLeftovers } from "./leftovers.ts";
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
  let identity: ManagedIdentity | undefined;
  const first = await explain({ name: "ensureIdentity", target: "" }, async () => {
    const decision = await planIdentity(ports, { ...request, operation, clientId });
    identity = decision.current;
    return decision.plan;
  });
  const others = await Promise.all(
    repairSteps(input)
      .filter(({ name }) => looks[name] !== undefined)
      .map((step) => explain(step, async () => looks[step.name]?.(ports, { ...input, identity, step }))),
  );
  const steps = [first, ...others].flatMap((step) => step ?? []);
  // What was onboarded was approved then.
  return { steps, blocked: steps.some(({ blockers }) => blockers.length > 0), needsApproval: [] };
}

/** In the middle of a migration both identity modes stand side by side, and neither is left over. */
function repairSteps({ request, isMigrating }: Pick<RepairInput, "request" | "isMigrating">): readonly StepName[] {
  return plannedSteps("repair", request).filter(({ name }) => !(isMigrating && name === "removeLeftovers"));
}

type LookInput = RepairInput & { readonly identity: ManagedIdentity | undefined; readonly step: StepName };

/** Of an identity that is to be made: none that is there is the same. */
const unknownClientId = "00000000-0000-0000-0000-000000000000";

const looks: Readonly<Record<string, (ports: Ports, input: LookInput) => Promise<StepPlan>>> = {
  checkNamespace: (ports, { request }) => planCheck(ports, request),
  applyNamespace: (ports, { operation, request }) => planNamespace(ports, { ...request, operation }),
  grantDatabase: async (ports, { operation, request, identity, step }) => {
    const database = request.databases.find(({ server, database }) => `${server}/${database}` === step.target);
    if (!database) throw new Error(`no database of the request is ${step.target}`);
    return (await planDatabase(ports, { ...request, operation, database, identity, takesBack: true })).plan;
  },
  applyServiceAccount: (ports, { operation, request, identity }) =>
    planServiceAccount(ports, { ...request, operation, identity: identity ?? { clientId: unknownClientId } }),
  applyPodIdentity: (ports, { operation, request, identity }) =>
    planPodIdentity(ports, {
      ...request,
      operation,
      selector: selectorOf(request),
      identity: identity ?? { clientId: unknownClientId },
    }),
  federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
  removeLeftovers: (ports, { request }) => planLeftovers(ports, request),
};

/** A known error is a blocker of its step; one that nobody foresaw is not a plan's to explain. */
export async function explain<T extends StepPlan | undefined>(
  step: StepName,
  look: () => Promise<T>,
): Promise<T | StepPlan> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    return { ...step, action: "conflict", differences: [], blockers: [toOperationError(error.code, error.message)] };
  }
}
