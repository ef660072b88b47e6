import { z } from "zod";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { isCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type Plan, throwConflict, toNotice } from "../../domain/operation/plan.ts";
import { programOf } from "../../domain/operation/program.ts";
import { expectNotPassed } from "../../domain/policy/expiry.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { administeredServers } from "../../domain/targets/sqlDatabase.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { goOnWaiting, nextLook } from "../../resources/namespace/terminating.ts";
import { joinIdentity } from "../admission/joinIdentity.ts";
import { requestApproval } from "../decisions/approval.ts";
import { Admins, adminsToSet } from "./admins.ts";
import { removesAny } from "./inTheWay.ts";
import { lookAtPreflight } from "./preflightChecks.ts";
import { throwBlockers } from "./throwBlockers.ts";

/**
 * Names every blocker before the first write of an onboarding or a change. Reads only, but for a guest's name in the record of its
 * home. Where access has ended, it is the point of no return: what is in the way of the rest is reported, and keeps nothing from going.
 */
export const preflight = defineStep({
  name: "preflight",
  stage: "look",
  duration: { least: 0.3, most: 5 },
  target: "namespace",
  given: {
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    /** Since 0.2.0. */
    moved: z.array(z.string()).readonly().optional(),
    endsFirst: z.boolean().optional(),
  },
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional(), admins: Admins }),
  from: ({ request, earlier, moved, program }) => ({
    request,
    earlier,
    moved,
    ...(program === "endAccess" ? { endsFirst: true } : {}),
  }),
  look: (ports, { operation }, planning) => lookAtPreflight(ports, { ...planning, operation }),
  async run(input, ports, step) {
    const { operation, request, earlier, moved, endsFirst = false } = input;
    // The record names the operation's team, whose approval rules apply.
    const [notJoined, accepted] = await Promise.all([
      joinIdentity(ports, request),
      ports.registry.getOperation(operation),
    ]);
    const kind = earlier ? "change" : "onboard";
    const program = programOf({ kind, takesOver: accepted?.takesOver, endsFirst });
    const plan = await step.plan({ kind, program, request, earlier, moved });
    if (endsFirst) {
      const obstacles = plan.steps.flatMap(({ blockers }) => blockers);
      // With nothing left that could be revoked now, the change can wait, like any other.
      if (!removesAny(plan)) {
        throwBlockers(plan);
        throwConflict(notJoined);
      }
      const notices = [...obstacles, ...newsIn(plan)];
      if (notices.length > 0) await step.notice(notices);
      await step.commit();
      return { action: "none" };
    }
    const going = goingIn(plan);
    const waitsUntil = going && (await nextLook(input.retry, step));
    if (going && waitsUntil !== undefined) {
      await step.notice([toNotice("NAMESPACE_GOING", going.message)]);
      return { action: "none", waitsUntil };
    }
    const { waitsUntil: away } = await goOnWaiting(input.retry, step, async () => {
      throwBlockers(plan);
      return { action: "none" };
    });
    if (away !== undefined) return { action: "none", waitsUntil: away };
    throwConflict(notJoined);
    expectNotPassed(request, Date.now());
    const news = newsIn(plan);
    // Also clears what it waited for.
    if (news.length > 0 || (await step.earlier())?.notices !== undefined) await step.notice(news);
    const approval = await requestApproval(ports, { operation, request, team: accepted?.team, steps: plan.steps });
    // An approval may take days, and an administrator may be removed meanwhile: so the step looks at every server again.
    const admins = approval ? [...administeredServers(ports.catalog, request)] : adminsToSet(plan);
    return { action: "none", approval, ...defined({ admins: unlessEmpty(admins) }) };
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
function newsIn({ steps }: Plan): readonly OperationError[] {
  const notices = steps.flatMap((step) => step.notices ?? []);
  return notices.filter(({ code }) => !isCode(code, "NAMESPACE_NOT_THERE_YET"));
}
