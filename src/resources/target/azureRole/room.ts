/** Whether a subscription has room for the role assignments that an operation adds. What is there already needs none. */
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { toOperationError } from "../../../domain/operation/plan.ts";
import type { Access } from "../../../domain/targets/access.ts";
import { type AzureRolePlace, rolesFor } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { heldBy } from "../../definitions/heldRoles.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import type { About } from "../../definitions/targetFamily.ts";
import { noticeIfForbidden } from "../../definitions/unlessForbidden.ts";
import { readAssignments } from "./assignments.ts";

type Looking = Pick<Ports, "roleAssignments">;

export interface WantedRoles extends About {
  readonly place: AzureRolePlace;
  readonly access: readonly Access[];
}

/** One look for each subscription, whatever number of targets is there. `identity` is undefined until it exists. */
export function roomChecks(
  ports: Looking,
  wanted: readonly WantedRoles[],
  identity: IdentityPair | undefined,
): readonly (() => Promise<Obstacles>)[] {
  const bySubscription = Map.groupBy(wanted, ({ place }) => place.resourceId.split("/")[2] ?? "");
  return [...bySubscription].map(
    ([subscriptionId, there]) =>
      () =>
        noticeIfForbidden("TARGET_UNSEEN", () => thereIsRoom(ports, { subscriptionId, wanted: there, identity })),
  );
}

interface Asked {
  readonly subscriptionId: string;
  readonly wanted: readonly WantedRoles[];
  readonly identity: IdentityPair | undefined;
}

async function thereIsRoom(ports: Looking, { subscriptionId, wanted, identity }: Asked): Promise<Obstacles> {
  const { made, limit } = await ports.roleAssignments.usage(subscriptionId);
  const most = sum(wanted.map(({ place, access }) => rolesFor(place.kind, access).length));
  if (made + most <= limit) return {};
  const needed = identity ? sum(await Promise.all(wanted.map((each) => countMissing(ports, each, identity)))) : most;
  if (needed === 0 || made + needed <= limit) return {};
  const message = `Subscription ${subscriptionId} has ${made} role assignments, and Azure allows ${limit}; this needs ${needed} more.`;
  return { blockers: [toOperationError("ROLE_ASSIGNMENT_LIMIT", message)] };
}

async function countMissing(ports: Looking, wanted: WantedRoles, identity: IdentityPair): Promise<number> {
  const { place, access } = wanted;
  const { ours, others } = await readAssignments(ports, place, wanted);
  return rolesFor(place.kind, access).filter((role) => !heldBy([...ours, ...others], role, identity)).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
