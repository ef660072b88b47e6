import { defined } from "../../domain/defined.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { takerOf } from "../../domain/operation/lifecycle.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import { programOf } from "../../domain/operation/program.ts";
import { mayOperate } from "../../domain/policy/policy.ts";
import { lossesFor } from "../../domain/request/loss.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { type AdmissionOptions, admit, expectQuota, ownerAfter } from "../admission/admission.ts";
import { findCurrent, meetRecord } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { keepRequest } from "../admission/keptRequest.ts";
import { changeTagOf } from "../documents/namespaceDocument.ts";
import { withEstimate } from "../plan/estimatePlan.ts";
import { planOnboarding } from "../plan/planOnboarding.ts";

type Planner = Pick<ClaimContext, "ports" | "by" | "warn">;

interface PlanOptions extends AdmissionOptions, Pick<Planning, "onNeed"> {}

/** What the request would do, and how long it would take. */
export async function planRequest(
  claimContext: Planner,
  request: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Plan> {
  const plan = await planUntimed(claimContext, request, options);
  // A change has the steps of an onboarding, and more; the plan names those that take time.
  return await withEstimate(claimContext.ports, plan, { kind: "onboard", request });
}

/**
 * The plan without its estimate: refuses what the request would be refused for, and otherwise answers with the operation that
 * already has the request, or with the steps. In a batch, the lanes decide when it runs.
 */
export async function planUntimed(
  claimContext: Planner,
  sent: OnboardingRequest,
  { onNeed, ...options }: PlanOptions = {},
): Promise<Plan> {
  const { ports, by } = claimContext;
  const admission = admit(claimContext, sent, options);
  const { takeOver } = admission;
  const keep = await keepRequest(ports, sent, admission.team);
  const current = await findCurrent(ports.registry, sent, (found) => {
    ownerAfter(claimContext, admission, found);
    return found;
  });
  const team = ownerAfter(claimContext, admission, current);
  const { request, requestHash } = keep(current);
  const { cluster, namespace } = request;
  const owned = defined({ team });
  if (!current) await expectQuota(ports, { cluster, namespace, ...owned });
  const wanted = { request, requestHash, requestedBy: by.id, ...owned, takeOver };
  const met = current && (await meetRecord(claimContext, current, wanted));
  options.expect?.(current, met !== undefined && "same" in met);
  const etag = current ? { etag: changeTagOf(current) } : {};
  if (met && "same" in met) return { ...planOfSame(met.same.record), request, ...etag };
  const operation = createOperationId(new Date());
  const earlier = met?.earlier;
  const operator = mayOperate(by) ? { adoptIdentity: options.adoptIdentity } : undefined;
  const takesOver = takerOf(current?.team, { team, takeOver }) !== undefined;
  const program = programOf({ kind: earlier ? "change" : "onboard", takesOver });
  const planned = { operation, request, earlier, moved: met?.moved, program, team, takeOver, onNeed, operator };
  const plan = await planOnboarding(ports, planned);
  const losses = met ? lossesFor(request, met.free) : [];
  const removes = losses.length > 0 ? { removes: losses } : {};
  return { ...plan, request, ...removes, ...etag, ...defined({ replaces: earlier }) };
}
