/** The activities of every kind of target: one for each step, registered under the names that the kind gives. */
import type { OnboardingRequest } from "../domain/request/request.ts";
import { kindNames, type TargetKindName, type TargetUndoName, targetKinds } from "../domain/targets/index.ts";
import type { Step } from "../durable/step.ts";
import type { RemovalInput, StepInput } from "../resources/definitions/step.ts";
import type { GrantInput, TargetStepDefinitions } from "../resources/definitions/targetSteps.ts";
import { targetSteps } from "../resources/effects.ts";
import { stepActivity } from "./host.ts";

type Call = readonly Step<unknown>[];
/** Steps that may be run more than once. */
type Calls = readonly (() => Step<unknown>)[];

interface TargetActivities {
  grant(base: StepInput, request: OnboardingRequest, given: GrantInput): Call;
  narrow(base: StepInput, request: OnboardingRequest, earlier: OnboardingRequest): Call;
  retire(base: StepInput, request: OnboardingRequest, earlier: OnboardingRequest): Calls;
  revoke(base: RemovalInput, request: OnboardingRequest, key: string): Step<unknown>;
}

/** Gives the identity what the request asks for on each of its targets. */
export function grantTargets(base: StepInput, request: OnboardingRequest, given: GrantInput): Call {
  return activities.flatMap(({ grant }) => grant(base, request, given));
}

/** At the end of a change, takes back what the request no longer asks for: part of the targets that stay, all of the others. */
export function replaceTargets(base: StepInput, request: OnboardingRequest, earlier: OnboardingRequest): Call {
  return activities.flatMap(({ narrow, retire }) => [
    ...narrow(base, request, earlier),
    ...retire(base, request, earlier).map((run) => run()),
  ]);
}

/** Takes back what an earlier request had on targets that the request does not name. */
export function retireTargets(base: StepInput, request: OnboardingRequest, earlier: OnboardingRequest): Calls {
  return activities.flatMap(({ retire }) => retire(base, request, earlier));
}

export function revokeTargets(base: StepInput, request: OnboardingRequest): Calls {
  return activities.flatMap(({ kind, revoke }) => kind.keys(request).map((key) => () => revoke(base, request, key)));
}

/** The undo of the grant of one target, by the name of its step. */
export function revokeTarget(
  name: TargetUndoName,
  base: RemovalInput,
  { request, key }: { request: OnboardingRequest; key: string },
): Step<unknown> {
  const found = activities.find(({ kind }) => kind.steps.revoke === name);
  if (!found) throw new Error(`no kind of target is revoked by ${name}`);
  return found.revoke(base, request, key);
}

function register<Target extends object>(
  kindName: TargetKindName,
  steps: TargetStepDefinitions<Target>,
): TargetActivities {
  const kind = targetKinds[kindName];
  const grant = stepActivity(steps.grant);
  const narrow = stepActivity(steps.narrow);
  const retire = stepActivity(steps.retire);
  const revoke = stepActivity(steps.revoke);
  return {
    grant: (base, request, given) =>
      kind.keys(request).map((key) => grant({ ...base, ...steps.targetIn(request, key), ...given }, base.retry)),
    narrow: (base, request, earlier) =>
      kind
        .replaced(request, earlier)
        .narrowed.map((key) => narrow({ ...base, ...steps.targetIn(request, key) }, base.retry)),
    retire: (base, request, earlier) =>
      kind
        .replaced(request, earlier)
        .removed.map((key) => () => retire({ ...base, ...steps.targetIn(earlier, key) }, base.retry)),
    revoke: (base, request, key) => revoke({ ...base, ...steps.targetIn(request, key) }, base.retry),
  };
}

const activities = kindNames.map((name) => ({
  kind: targetKinds[name],
  ...targetSteps[name].use((steps) => register(name, steps)),
}));
