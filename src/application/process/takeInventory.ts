import { z } from "zod";
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { describeFinding, type FindingCode, isError } from "../../domain/finding.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { besideOf, isPast, Migration, modeLeft, targetOf } from "../../domain/operation/migration.ts";
import { type Conflict, type StepPlan, throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { modeWords } from "../../domain/request/identityModes.ts";
import type { ByMode } from "../../domain/request/modes.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { migratingOf } from "../../resources/definitions/operationFacts.ts";
import type { Resource } from "../../resources/definitions/resource.ts";
import { defineStep, type Given, StepResult } from "../../resources/definitions/step.ts";
import { isWanted } from "../../resources/index.ts";
import { joinIdentity } from "../admission/joinIdentity.ts";
import { inspectNamespace } from "../inspection/inspection.ts";
import { lookAtIdentity } from "../inspection/lookAtIdentity.ts";
import { expectSameNamespace } from "../inspection/sameNamespace.ts";
import { podsOnPreviousMode } from "../migration/podsOnPreviousMode.ts";
import { findObstaclesFor } from "./preflightChecks.ts";
import { throwBlockers } from "./throwBlockers.ts";

const mostPodsNamed = 50;

const migrating = { request: OnboardingRequest, migration: Migration, clientId: ClientId };
type Migrating = Given<typeof migrating>;

/** Names every blocker before the first write of a migration, and the pods that have to be redeployed. Reads only. */
export const takeInventory = defineStep({
  name: "takeInventory",
  stage: "look",
  target: "namespace",
  given: migrating,
  output: StepResult.extend({ pods: z.array(z.string()) }),
  from: migratingOf,
  async look(ports, input, { step, pods }) {
    return await lookAtNamespace(ports, input, {
      step,
      pods: pods ?? (await podsOnPreviousMode(ports, input, input.migration)),
    });
  },
  async run(input, ports, step) {
    const { request, migration, clientId } = input;
    const notJoined = await joinIdentity(ports, request);
    const pods = await podsOnPreviousMode(ports, input, migration);
    const plan = await step.plan({ kind: "migrate", request, migration, clientId, pods });
    // Pods that use the previous mode block only the last phase.
    throwBlockers({ ...plan, steps: plan.steps.filter(({ name }) => name !== "checkPods") });
    throwConflict(notJoined);
    const news = plan.steps.flatMap(({ name, notices = [] }) => (name === "takeInventory" ? notices : []));
    if (news.length > 0) await step.notice(news);
    if (migration.until === "inventory") await step.commit();
    return { action: "none", pods: pods.slice(0, mostPodsNamed) };
  },
});

/**
 * Whether all of the mode that is left has to be intact. Where workload identity or a binding is broken, that is a reason to leave
 * it, and must not prevent it; the proof comes later.
 */
const leavesWhole: ByMode<boolean> = { podIdentity: true, workloadIdentity: false, identityBinding: false };

/** Once the namespace has migrated, it no longer matters that others share its selector. The catalog's rules are asked by themselves. */
const inNobodysWay: ReadonlySet<FindingCode> = new Set(["SELECTOR_SHARED", "TARGET_FORBIDDEN", "TARGET_MOVED"]);

/** What both modes have is not made by the migration, and must be intact for its proof. */
function isToBeIntact(migration: Migration): (resource: Resource) => boolean {
  const modes = [modeLeft(migration), targetOf(migration)];
  return (resource) =>
    leavesWhole[modeLeft(migration)] || modes.every((identityMode) => isWanted(resource, { identityMode }));
}

/** Whether what has to be true before the mode is added is about the identity (podIdentity/kubeletRoles.ts). */
const checksIdentity: ByMode<boolean> = { podIdentity: true, workloadIdentity: false, identityBinding: false };

/** The mode that the migration leaves has to be intact, and the cluster ready for the new one. */
async function lookAtNamespace(
  ports: Ports,
  { operation, request, migration, clientId }: Migrating & { readonly operation: string },
  { step, pods }: { readonly step: StepKey; readonly pods: readonly string[] },
): Promise<StepPlan> {
  const mode = targetOf(migration);
  const cluster = findClusterFor(ports.catalog, request.cluster, mode);
  const obstacles = async () => {
    const identity = checksIdentity[mode]
      ? await lookAtIdentity(ports, { ...request, operation, clientId }).found
      : undefined;
    return await findObstaclesFor(ports, mode, { request, cluster, identity, takeOver: false });
  };
  const [findings, { blockers = [], notices = [] }] = await Promise.all([
    inspectNamespace(
      ports,
      { request, clientId, modeBeside: besideOf(request, migration), isFresh: true },
      { isMeant: isToBeIntact(migration) },
    ),
    obstacles(),
    expectSameNamespace(ports, request, { givesWayIn: true }),
  ]);
  const errors = findings.filter((each) => isError(each) && !inNobodysWay.has(each.code));
  const conflict: Conflict | undefined =
    errors.length === 0
      ? undefined
      : {
          code: "VERIFICATION_FAILED",
          message: `Repair the namespace before it migrates. ${errors.map(describeFinding).join(" ")}`,
        };
  const how = isPast(migration.completed, "cutOver") ? "should have been redeployed by now" : "to be redeployed";
  const current = `uses ${modeWords[modeLeft(migration)]}`;
  const differences = pods.map((pod) => ({ field: `pod ${pod}`, current, desired: how }));
  const plan = toStepPlan(step, { action: "none", differences, ...defined({ conflict }) });
  return {
    ...plan,
    ...(blockers.length > 0 ? { action: "conflict", blockers: [...plan.blockers, ...blockers] } : {}),
    ...defined({ notices: unlessEmpty([...notices]) }),
  };
}
