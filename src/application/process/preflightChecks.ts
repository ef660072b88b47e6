/**
 * What has to be true of cluster, namespace and targets before an onboarding begins. Names every obstacle, not only the
 * first.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, findClusterFor } from "../../domain/catalog/clusters.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { homeOf, isGuest } from "../../domain/naming/names.ts";
import { type StepPlan, toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { IdentityMode } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "../../resources/definitions/ownPermissions.ts";
import { findDenied, throwDenied } from "../../resources/definitions/permit.ts";
import type { Obstacles, PreflightCheck } from "../../resources/definitions/preflight.ts";
import type { PreflightInput, RoomOnTargets } from "../../resources/definitions/resource.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { lookAtSharing } from "../../resources/identity/sharing.ts";
import { isWanted, resourcesFor, resourcesOfMode } from "../../resources/index.ts";

type Looking = Planning & { readonly operation: string };

export async function lookAtPreflight(ports: Ports, input: Looking): Promise<StepPlan> {
  const { index } = ports;
  const known = index ? checksOf(index.places(ports), input) : [];
  const checks = checksOf(ports, input).map((fresh, place) => unlessAllIsWell(known[place], fresh));
  const found = await Promise.all(checks.map(explain));
  // The same obstacle found by several looks counts once.
  const all = found.flatMap((each) => each.blockers ?? []);
  const blockers = [...new Map(all.map((each) => [`${each.code} ${each.message}`, each])).values()];
  const notices = found.flatMap((each) => each.notices ?? []);
  const action = blockers.length > 0 ? "conflict" : "none";
  return { ...input.step, action, differences: [], blockers, ...defined({ notices: unlessEmpty(notices) }) };
}

/** What is known of a place names no obstacle: only a fresh look does. */
function unlessAllIsWell(known: Pick<PreflightCheck, "look"> | undefined, fresh: Pick<PreflightCheck, "look">) {
  if (!known) return fresh;
  const isWell = ({ blockers = [], notices = [] }: Obstacles) => blockers.length + notices.length === 0;
  return { look: async () => (isWell(await explain(known)) ? {} : await fresh.look()) };
}

/** Where access has ended, it goes although something is in the way of what stays. */
async function asNotices(check: Pick<PreflightCheck, "look">): Promise<Obstacles> {
  const { blockers = [], notices = [] } = await explain(check);
  return { notices: [...notices, ...blockers] };
}

/** A known error is a blocker; an unforeseen one is not for a plan to explain. */
async function explain({ look }: Pick<PreflightCheck, "look">): Promise<Obstacles> {
  try {
    return (await look()) ?? {};
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    return { blockers: [toOperationError(error.code, error.message)] };
  }
}

/** Obstacles are reported in this order. */
const order: Readonly<Record<PreflightCheck["about"], number>> = { namespace: 0, subscription: 1, cluster: 2 };

/** A guest gets what its home has, without a step that gives it. */
async function expectGuestMayHave(
  ports: Pick<Ports, "catalog" | "registry">,
  { request, operation }: Looking,
): Promise<Obstacles> {
  const record = await ports.registry.getNamespace(request);
  if (record?.operation === operation) throwDenied(await findDenied(ports, record, { request, ignoresApproval: true }));
  return {};
}

function checksOf(ports: Ports, input: Looking): readonly Pick<PreflightCheck, "look">[] {
  const { request } = input;
  const targets = resourcesFor(request).flatMap(({ preflightTargets }) => preflightTargets?.(ports, input) ?? []);
  const room = roomChecks(ports, input);
  const sharing: Pick<PreflightCheck, "look"> = { look: () => lookAtSharing(ports, input) };
  const ofGuest = isGuest(request) ? [{ look: () => expectGuestMayHave(ports, input) }] : [];
  const ofTargets = [...ofGuest, ...targets.map((look) => ({ look })), ...room];
  return [
    ...clusterChecks(ports, input),
    sharing,
    ...(input.program === "endAccess" ? ofTargets.map((check) => ({ look: () => asNotices(check) })) : ofTargets),
  ];
}

function roomChecks(ports: Ports, input: RoomOnTargets): readonly Pick<PreflightCheck, "look">[] {
  return resourcesFor(input.request)
    .flatMap(({ roomOnTargets }) => roomOnTargets?.(ports, input) ?? [])
    .map((look) => ({ look }));
}

/** The same for a repair, which gives what is missing. */
export async function lookForRoom(ports: Ports, input: RoomOnTargets): Promise<Obstacles> {
  const found = await Promise.all(roomChecks(ports, input).map(explain));
  return {
    blockers: found.flatMap((each) => each.blockers ?? []),
    notices: found.flatMap((each) => each.notices ?? []),
  };
}

function clusterChecks(
  ports: Ports,
  { request, identity, takeOver = false }: Planning,
): readonly Pick<PreflightCheck, "look">[] {
  let cluster: ClusterTarget;
  try {
    cluster = findClusterFor(ports.catalog, request.cluster, request.identityMode);
  } catch (error) {
    return [{ look: () => Promise.reject(error) }];
  }
  const known = identity?.id === undefined ? undefined : { id: identity.id };
  const input = { request, cluster, identity: known, takeOver };
  const permissions: PreflightCheck = { about: "subscription", look: () => checkOwnPermissions(ports, input) };
  return resourcesFor(request)
    .filter((resource) => isWanted(resource, request))
    .flatMap(({ preflight }) => preflight?.(ports, input) ?? [])
    .concat(permissions)
    .toSorted((a, b) => order[a.about] - order[b.about]);
}

/** Obstacles to an additional identity mode for a namespace. The first look that fails is the error. */
export async function findObstaclesFor(ports: Ports, mode: IdentityMode, input: PreflightInput): Promise<Obstacles> {
  const checks = resourcesOfMode(mode).flatMap(({ preflight }) => preflight?.(ports, input) ?? []);
  const found = await Promise.all(checks.map(({ look }) => look()));
  return {
    blockers: found.flatMap((each) => each?.blockers ?? []),
    notices: found.flatMap((each) => each?.notices ?? []),
  };
}

/** Whether Mooring's own role in Azure allows what an onboarding has to do, or undo, where the cluster has its identities. */
async function checkOwnPermissions(
  ports: Pick<Ports, "catalog" | "roleAssignments">,
  { request, cluster, identity }: Pick<PreflightInput, "request" | "cluster" | "identity">,
): Promise<Obstacles> {
  const home = homeOf(request).cluster;
  const { subscriptionId, identityResourceGroup, alias } =
    home === cluster.alias ? cluster : findCluster(ports.catalog, home);
  const needed = resourcesFor(request)
    .filter((resource) => isWanted(resource, request))
    .flatMap(({ armActions }) => armActions?.({ request, identity }) ?? []);
  const { conflict, notice } = await checkPermissions(ports, {
    needed,
    scope: `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`,
    where: `where cluster "${alias}" has its identities`,
  });
  return defined({
    blockers: conflict ? [toOperationError(conflict.code, conflict.message)] : undefined,
    notices: notice ? [toNotice(notice.code, notice.message)] : undefined,
  });
}
