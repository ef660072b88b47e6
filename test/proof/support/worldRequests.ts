/** What the worlds ask for. */

import type { Dice } from "test-support/random";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { TargetRequest } from "../../../src/domain/targets/namedTarget.ts";
import { cosmosTargets } from "./cosmosWorld.ts";
import { withNetworkProfile } from "./networkWorld.ts";
import { postgresTargets } from "./postgresWorld.ts";
import type { World } from "./world.ts";
import { databases } from "./worldCatalog.ts";

/** What a world adds to an ordinary request, and what it has to keep of the one before. */
type Wishes = Pick<
  World,
  "targetDice" | "roleTargets" | "postgresDice" | "cosmosDice" | "rolesDice" | "profileDice" | "networkDice" | "binds"
> &
  Partial<Pick<World, "hasRemains" | "request">>;

/** The request with all that the world's catalog has besides. */
export function withWishes(wishes: Wishes, request: OnboardingRequest): OnboardingRequest {
  return inModeOf(wishes, withProfile(wishes, withTargets(wishes, withRoles(wishes, request))));
}

/** The same databases, on some of them with less than a bundle on the whole. */
function withRoles({ rolesDice: dice }: Wishes, request: OnboardingRequest): OnboardingRequest {
  if (!dice) return request;
  const less = [["reader@sales"], ["role:reports"], ["reader@sales", "executor"], ["role:reports", "reader@sales"]];
  const databases = request.databases.map((each) => (dice.chance(0.6) ? { ...each, roles: dice.pick(less) } : each));
  return { ...request, databases };
}

/** The request with a profile of the world's catalog, or without one. */
function withProfile(
  { profileDice: dice, networkDice, ...world }: Wishes,
  { namespaceProfile: _before, ...request }: OnboardingRequest,
): OnboardingRequest {
  const same = world.request?.namespaceProfile;
  if (networkDice) {
    const wanted = withNetworkProfile(networkDice, request);
    if (!world.hasRemains) return wanted;
    const { namespaceProfile: _chosen, ...rest } = wanted;
    return same === undefined ? rest : { ...rest, namespaceProfile: same };
  }
  if (!dice) return request;
  const chosen = world.hasRemains ? same : dice.pick([undefined, "small", "large"]);
  return chosen === undefined ? request : { ...request, namespaceProfile: chosen };
}

/**
 * The request, asking for some of the other targets that the world's catalog has; perhaps for none. What an operation without a
 * record left on a target is only found by who asks for it again.
 */
function withTargets(
  { targetDice, roleTargets, postgresDice, cosmosDice, ...world }: Wishes,
  request: OnboardingRequest,
): OnboardingRequest {
  const { targets: before } = world.request ?? {};
  if (world.hasRemains) return { ...request, ...(before ? { targets: before } : {}) };
  const targets = [
    ...chooseTargets(targetDice, roleTargets),
    ...chooseTargets(postgresDice, postgresTargets),
    ...chooseTargets(cosmosDice, cosmosTargets),
  ];
  return targets.length === 0 ? request : { ...request, targets };
}

function chooseTargets(dice: Dice | undefined, entries: Catalog["targets"]): readonly TargetRequest[] {
  if (!dice) return [];
  const chosen = dice.shuffle(Object.entries(entries)).slice(0, dice.roll(3) + (dice.chance(0.5) ? 1 : 0));
  return chosen.map(([target, { access }]) => ({
    target,
    access: dice.shuffle(access).slice(0, 1 + dice.roll(access.length)),
  }));
}

/** The request in an identity mode of the world. */
function inModeOf({ binds }: Wishes, request: OnboardingRequest): OnboardingRequest {
  return binds && request.identityMode === "workloadIdentity"
    ? { ...request, identityMode: "identityBinding" }
    : request;
}

/** Creates a request, for the given namespace if there is one. */
export function createRequest(dice: Dice, { namespace = "team" }: { namespace?: string } = {}): OnboardingRequest {
  const chosen = dice.shuffle(databases).slice(0, 1 + dice.roll(4));
  const roles = () => dice.pick([["reader"], ["writer"], ["executor"], ["reader", "executor"], ["writer", "reader"]]);
  return OnboardingRequest.parse({
    cluster: "aks",
    namespace,
    identityMode: dice.pick(["workloadIdentity", "podIdentity"]),
    databases: chosen.map((each) => ({ ...each, roles: roles() })),
    serviceAccount: dice.pick(["app", "app", "worker"]),
    adoptionPolicy: dice.pick(["Never", "IfIdentical", "IfIdentical", "Always"]),
    deletePolicy: dice.pick(["Delete", "Delete", "Keep"]),
  });
}
