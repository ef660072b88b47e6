/**
 * What a namespace has on its targets, apart from what is asked for and from what is being revoked: by its record, and by the steps
 * of the operation that holds it or left it incomplete.
 */
import { z } from "zod";
import { defined } from "../defined.ts";
import { isCode } from "../errors.ts";
import { endsOf } from "../request/expiry.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { kindOf } from "../targets/index.ts";
import { accessOn, keysIn, lostOn, wantedInAny, withHeldTargets } from "../targets/wanted.ts";
import type { Given } from "./given.ts";
import { isFree, requestsOf } from "./lifecycle.ts";
import type { NamespaceRecord } from "./namespaceRecord.ts";
import type { OperationKind } from "./operation.ts";
import type { StepRecord } from "./records.ts";

export const StandingState = z.enum(["inForce", "beingRemoved", "requested", "awaitingApproval", "unknown"]);
export type StandingState = z.infer<typeof StandingState>;

export interface Standing {
  readonly kind: string;
  readonly target: string;
  readonly access: readonly string[];
  readonly state: StandingState;
  readonly until: string | undefined;
  /** The operation that gave it, and when; of what is only asked for, the one that is to give it. */
  readonly by: Partial<Given[string]>;
  /** The operation that holds the namespace is to revoke it. */
  readonly isLeaving: boolean;
}

/** The operation that holds the namespace, or left it incomplete. */
export interface Progress {
  readonly kind: OperationKind;
  readonly steps: readonly StepRecord[];
  readonly awaitsApproval: boolean;
  /** It has failed or was canceled, and takes back what it gave. */
  readonly isBeingUndone: boolean;
}

/** Whether the steps of the operation count: a repair and a migration leave access as it is. */
export function hasProgress({ state, compensates }: NamespaceRecord): boolean {
  return !["Onboarded", "Repairing", "Migrating"].includes(state) && compensates?.migrating === undefined;
}

/** What the namespace had when that operation began, the newest first. */
interface Base {
  readonly requests: readonly OnboardingRequest[];
  /** False after an operation that stopped partway: it may have had any of that. */
  readonly isKnown: boolean;
}

function baseOf(record: NamespaceRecord, kind?: OperationKind): Base {
  const { request, previous, offboarding, onboardedTime } = record;
  const perhaps = { requests: requestsOf(record), isKnown: false };
  const known = { requests: [request], isKnown: true };
  if (!hasProgress(record)) return known;
  if (offboarding) return offboarding.before.state === "Onboarded" ? known : perhaps;
  if (record.state === "Compensating") return perhaps;
  // Its steps tell what an onboarding or a change left, and not what an offboarding or a compensation had found.
  if (isFree(record) && kind !== "onboard" && kind !== "change") return perhaps;
  if (previous) return { requests: requestsOf(previous), isKnown: previous.state === "Onboarded" };
  return isFree(record) && onboardedTime !== undefined ? perhaps : { requests: [], isKnown: true };
}

/** The request that the namespace was last brought to before the operation that holds it. */
export function requestBefore(record: NamespaceRecord): OnboardingRequest | undefined {
  return baseOf(record).requests[0];
}

/** Without progress where the operation cannot be read: then nobody knows. */
export function standingOf(record: NamespaceRecord, progress: Progress | undefined): readonly Standing[] {
  const isUnread = hasProgress(record) && !progress;
  const base = isUnread ? { requests: requestsOf(record), isKnown: false } : baseOf(record, progress?.kind);
  return wantedInAny([record.request, ...base.requests]).flatMap(({ kind, key }) =>
    standingOn({ record, progress, base, kind: kindOf(kind), key }),
  );
}

/** The request with what is in force, or may be, and nothing that is only asked for: of each target, the end in force. */
export function requestInForce(record: NamespaceRecord, standing: readonly Standing[]): OnboardingRequest {
  const held = standing.filter(({ state }) => state !== "requested" && state !== "awaitingApproval");
  const before = requestBefore(record) ?? record.request;
  const on = (key: string) => held.filter(({ target }) => target === key).flatMap(({ access }) => access);
  return withHeldTargets(before, [before, ...requestsOf(record)], on);
}

/** One target of a namespace. */
interface On {
  readonly record: NamespaceRecord;
  readonly progress: Progress | undefined;
  readonly base: Base;
  readonly kind: ReturnType<typeof kindOf>;
  readonly key: string;
}

function standingOn(on: On): readonly Standing[] {
  const { record, progress, base, kind, key } = on;
  const { operation, given } = record;
  const before = wordsOf(base.requests, on);
  const { has, perhaps, since } = held(on, before);
  const { wanted, leaves } = aimOf(on);
  const endIn = (request: OnboardingRequest | undefined) => request && endsOf(request).get(key);
  const [oldEnd, newEnd] = [endIn(base.requests.find((each) => keysIn(each).includes(key))), endIn(record.request)];
  const first = base.isKnown ? defined({ since: record.onboardedTime, operation: record.onboardedBy }) : {};
  const row = (state: StandingState, access: readonly string[], more: Pick<Standing, "until" | "by" | "isLeaving">) =>
    access.length > 0 ? [{ kind: kind.noun, target: key, access, state, ...more }] : [];
  const rows = (state: StandingState, words: readonly string[], isLeaving: boolean) => [
    ...row(state, intersect(words, before), { until: oldEnd, by: given?.[key] ?? first, isLeaving }),
    ...row(state, without(words, before), {
      ...{ until: newEnd, by: { operation, ...defined({ since }) }, isLeaving },
    }),
  ];
  const added = without(wanted, has);
  // Its end moves with the end of the operation.
  const isMoved = oldEnd !== newEnd && wanted.some((word) => before.includes(word));
  const isGoing = base.isKnown && !isFree(record);
  const open = perhaps.filter((word) => !isGoing || !added.includes(word) || before.includes(word));
  return [
    ...rows(
      "inForce",
      has.filter((word) => !leaves(word)),
      false,
    ),
    ...rows("inForce", has.filter(leaves), true),
    ...rows(isGoing ? "beingRemoved" : "unknown", open, open.some(leaves)),
    ...row(progress?.awaitsApproval ? "awaitingApproval" : "requested", isMoved ? wanted : added, {
      ...{ until: newEnd, by: { operation }, isLeaving: false },
    }),
  ];
}

function wordsOf(requests: readonly OnboardingRequest[], { key }: On): readonly string[] {
  return [...new Set(requests.flatMap((request) => accessOn(request, key)))];
}

interface Aim {
  /** What it is to have. */
  readonly wanted: readonly string[];
  readonly leaves: (word: string) => boolean;
}

/** What the operation that holds the namespace is about. */
function aimOf(on: On): Aim {
  const { record, progress, base, key } = on;
  const { request, previous, takenBy, team } = record;
  if (isFree(record) || !hasProgress(record)) return { wanted: [], leaves: () => false };
  if (record.state === "Offboarding") return { wanted: [], leaves: () => true };
  if (record.state === "Compensating" || progress?.isBeingUndone) {
    const restored = previous ? accessOn(previous.request, key) : [];
    return { wanted: [], leaves: (word) => !restored.includes(word) };
  }
  const lost = base.requests.flatMap((each) => lostOn(request, each, key));
  // What another team asks for is not for the one that has the namespace.
  const isOfOthers = takenBy !== undefined && takenBy !== team;
  return { wanted: isOfOthers ? [] : accessOn(request, key), leaves: (word) => lost.includes(word) };
}

/** For certain, and perhaps; and since when it has what the operation gave. */
interface Held {
  readonly has: readonly string[];
  readonly perhaps: readonly string[];
  readonly since?: string | undefined;
}

/** What the steps so far have made of what the namespace had. */
function held(on: On, before: readonly string[]): Held {
  const { base, kind, key, progress } = on;
  const steps = (progress?.steps ?? [])
    .filter(
      ({ name, target }) => name === "removeIdentity" || (target === key && Object.values(kind.steps).includes(name)),
    )
    .filter(({ notices = [] }) => !notices.some(({ code }) => isCode(code, "LEFT_IN_PLACE")))
    .toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
  const begun: Held = base.isKnown ? { has: before, perhaps: [] } : { has: [], perhaps: before };
  return steps.reduce((now, step) => after(now, step, on), begun);
}

function after({ has, perhaps, since }: Held, step: StepRecord, on: On): Held {
  const { kind, key, record, progress } = on;
  const isDone = step.status === "Succeeded";
  const asked = accessOn(record.request, key);
  const less = (left: readonly string[]): Held =>
    isDone
      ? { has: left, perhaps: [], since }
      : { has: intersect(has, left), perhaps: together(perhaps, without(has, left)), since };
  switch (step.name) {
    case kind.steps.grant:
      if (!isDone) return { has, perhaps: together(perhaps, asked) };
      return { has: together(has, asked), perhaps: without(perhaps, asked), since: step.endTime };
    case kind.steps.narrow:
      return less(asked);
    case kind.steps.retire:
      return less([]);
    case kind.steps.revoke: {
      const { previous } = record;
      if (!previous || progress?.kind === "offboard") return less([]);
      // The undo of a grant leaves what was there before.
      const kept = accessOn(previous.request, key);
      return previous.state === "Onboarded" || !isDone ? less(kept) : { has: [], perhaps: kept };
    }
    default:
      return step.action === "delete" ? less([]) : { has, perhaps, since };
  }
}

type Words = readonly string[];

function together(a: Words, b: Words): Words {
  return [...new Set([...a, ...b])];
}

function intersect(a: Words, b: Words): Words {
  return a.filter((word) => b.includes(word));
}

function without(a: Words, b: Words): Words {
  return a.filter((word) => !b.includes(word));
}
