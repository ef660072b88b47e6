/** Whether a subscription has room for the role assignments that an operation adds. What is there already needs none. */
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { toOperationError } from "../../../domain/operation/plan.ts";
import type { Access } from "../../../domain/targets/access.ts";
import { type AzureRolePlace, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { heldBy } from "../../definitions/heldRoles.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import type { RoomOnTargets } from "../../definitions/resource.ts";
import { addedBefore } from "../../definitions/sharedLimit.ts";
import type { About } from "../../definitions/targetFamily.ts";
import { noticeIfUnread } from "../../definitions/unlessForbidden.ts";
import { readAssignments } from "./assignments.ts";

type Looking = Pick<Ports, "roleAssignments">;

export interface WantedRoles extends About {
  readonly place: AzureRolePlace;
  readonly access: readonly Access[];
}

interface Asking extends Pick<RoomOnTargets, "onNeed" | "step"> {
  /** Undefined until it exists. */
  readonly identity: IdentityPair | undefined;
}

/** One look for each subscription, whatever number of targets is there. */
export function roomChecks(
  ports: Looking,
  wanted: readonly WantedRoles[],
  asking: Asking,
): readonly (() => Promise<Obstacles>)[] {
  const bySubscription = Map.groupBy(wanted, ({ place }) => (place.resourceId.split("/")[2] ?? "").toLowerCase());
  return [...bySubscription].map(
    ([subscriptionId, there]) =>
      () =>
        noticeIfUnread("TARGET_UNSEEN", () => thereIsRoom(ports, { subscriptionId, wanted: there, ...asking })),
  );
}

interface Asked extends Asking {
  readonly subscriptionId: string;
  readonly wanted: readonly WantedRoles[];
}

async function thereIsRoom(
  ports: Looking,
  { subscriptionId, wanted, identity, onNeed, step }: Asked,
): Promise<Obstacles> {
  const { made, limit } = await ports.roleAssignments.usage(subscriptionId);
  const most = sum(wanted.map(({ place, access }) => rolesFor(place.kind, access).length));
  const count = async () =>
    identity ? sum(await Promise.all(wanted.map((each) => countMissing(ports, each, identity)))) : most;
  const describe = (needed: number, added = 0) => {
    const message = `Subscription ${subscriptionId} has ${made} role assignments${addedBefore(added)}, and Azure allows ${limit}; this needs ${needed} more.`;
    return toOperationError("ROLE_ASSIGNMENT_LIMIT", message);
  };
  onNeed?.({ of: `roles of ${subscriptionId}`, used: made, limit, most, count, step: step.name, describe });
  if (made + most <= limit) return {};
  const needed = await count();
  return needed === 0 || made + needed <= limit ? {} : { blockers: [describe(needed)] };
}

async function countMissing(ports: Looking, wanted: WantedRoles, identity: IdentityPair): Promise<number> {
  const { place, access } = wanted;
  const { ours, others } = await readAssignments(ports, place, wanted);
  return rolesFor(place.kind, access).filter((role) => !heldBy([...ours, ...others], role, identity)).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
