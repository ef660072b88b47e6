import { z } from "zod";
import { expiryCaller } from "../../domain/access/caller.ts";
import { isCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type Plan, throwConflict, toNotice } from "../../domain/operation/plan.ts";
import { expectNotPassed } from "../../domain/policy/expiry.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { administeredServers } from "../../domain/targets/sqlDatabase.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { nextLook } from "../../resources/namespace/terminating.ts";
import { joinIdentity } from "../admission/joinIdentity.ts";
import { requestApproval } from "../decisions/approval.ts";
import { Admins, adminsToSet } from "./admins.ts";
import { lookAtPreflight } from "./preflightChecks.ts";
import { throwBlockers } from "./throwBlockers.ts";

/** Names every blocker before the first write of an onboarding or a change. Reads only, but for a guest's name in the record of its home. */
export const preflight = defineStep({
  name: "preflight",
  stage: "look",
  takes: { least: 0.3, most: 5 },
  target: "namespace",
  given: { request: OnboardingRequest, earlier: OnboardingRequest.optional() },
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional(), admins: Admins }),
  from: ({ request, earlier }) => ({ request, earlier }),
  look: (ports, _input, planning) => lookAtPreflight(ports, planning),
  async run(input, ports, step) {
    const { operation, request, earlier } = input;
    const notJoined = await joinIdentity(ports, request);
    // The record names the operation's team, whose approval rules apply.
    const [plan, accepted] = await Promise.all([
      step.plan({ kind: earlier ? "change" : "onboard", request, earlier }),
      ports.registry.getOperation(operation),
    ]);
    const going = goingIn(plan);
    const waitsUntil = going && (await nextLook(input.retry, step));
    if (going && waitsUntil !== undefined) {
      await step.notice([toNotice("NAMESPACE_GOING", going.message)]);
      return { action: "none", waitsUntil };
    }
    throwBlockers(plan);
    throwConflict(notJoined);
    const isOfExpiry = accepted?.requestedBy === expiryCaller.id;
    if (!isOfExpiry) expectNotPassed(request, Date.now());
    const news = plan.steps.flatMap(({ notices = [] }) => notices).filter(isNews);
    // Also clears what it waited for.
    if (news.length > 0 || (await step.earlier())?.notices !== undefined) await step.notice(news);
    // What takes away alone needs no approval.
    const approval = isOfExpiry
      ? undefined
      : await requestApproval(ports, { operation, request, team: accepted?.team, steps: plan.steps });
    // An approval may take days, and an administrator may be removed meanwhile: so the step looks at every server again.
    const admins = approval ? [...administeredServers(ports.catalog, request)] : adminsToSet(plan);
    return { action: "none", approval, ...(admins.length > 0 ? { admins } : {}) };
  },
});

/** That the namespace is being deleted, if nothing else is in the way: the cluster refuses every object in it meanwhile. */
function goingIn({ steps }: Plan): OperationError | undefined {
  const blockers = steps.flatMap((step) => step.blockers);
  const isPassing = ({ code }: OperationError) =>
    isCode(code, "NAMESPACE_TERMINATING") || code.startsWith("KUBERNETES_");
  return blockers.every(isPassing) ? blockers.find(({ code }) => isCode(code, "NAMESPACE_TERMINATING")) : undefined;
}

/** A missing namespace is only news in a plan; here it is created next. */
function isNews({ code }: OperationError): boolean {
  return !isCode(code, "NAMESPACE_NOT_THERE_YET");
}
