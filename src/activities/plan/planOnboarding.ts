/** The plan of an onboarding: what every step finds and would do. Answers a dry run and is the preflight. */

import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import { plannedSteps } from "../../domain/operation/steps.ts";
import { needsApproval } from "../../domain/policy/approval.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { planDatabase } from "../resources/databaseUser.ts";
import { planCredential } from "../resources/federatedCredential.ts";
import { isDecision, planIdentity } from "../resources/identity.ts";
import { planNamespace } from "../resources/namespace.ts";
import { planPodIdentity, selectorOf } from "../resources/podIdentity.ts";
import { planServiceAccount } from "../resources/serviceAccount.ts";
import { findDatabaseOf, type Look, take } from "./looks.ts";
import { replacementLooks } from "./planOffboarding.ts";
import { planPreflight } from "./preflightLook.ts";

interface PlanInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the request replaces, when the namespace is onboarded already. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Whose rules for approval count. */
  readonly team?: string | undefined;
  /** The request may take the namespace from whoever has it. An operation need not say so: its record is the taker's. */
  readonly takeOver?: boolean;
}

export async function planOnboarding(
  ports: Ports,
  { operation, request, earlier, team, takeOver = false }: PlanInput,
): Promise<Plan> {
  const identity = await planIdentity(ports, { ...request, operation }).catch((error: unknown) => error);
  const current = isDecision(identity) ? identity.current : undefined;
  const ensureIdentity: Look = async () => {
    if (isDecision(identity)) return identity.plan;
    throw identity;
  };

  const steps = await Promise.all(
    plannedSteps("onboard", request, { earlier })
      .filter(({ name }) => name !== "verify")
      .map((step) => {
        const look = step.name === "ensureIdentity" ? ensureIdentity : looks[step.name];
        return take(look, ports, { operation, request, earlier, identity: current, step, takeOver });
      }),
  );
  const needed = needsApproval(ports.catalog, request, team).map(({ what }) => what);
  return toPlan(steps, needed);
}

const looks: Record<string, Look> = {
  ...replacementLooks,
  preflight: planPreflight,
  applyNamespace: (ports, { operation, request }) => planNamespace(ports, { ...request, operation }),
  grantDatabase: async (ports, { operation, request, identity, step }) => {
    const database = findDatabaseOf(request, step);
    return (await planDatabase(ports, { ...request, operation, database, identity })).plan;
  },
  applyServiceAccount: (ports, { operation, request, identity }) =>
    planServiceAccount(ports, { ...request, operation, identity }),
  applyPodIdentity: (ports, { operation, request, identity }) =>
    planPodIdentity(ports, { ...request, operation, selector: selectorOf(request), identity }),
  federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
};
