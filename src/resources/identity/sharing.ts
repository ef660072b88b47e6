/**
 * What has to be true of an identity that several namespaces use. Its access is granted and revoked by its own namespace alone, its home;
 * a guest asks for a part of that, so nothing is ever revoked that a guest has asked for (docs/adr/0029).
 */

import { expiryCaller } from "../../domain/access/caller.ts";
import { expectShared } from "../../domain/catalog/sharedIdentities.ts";
import { defined } from "../../domain/defined.ts";
import { homeOf, isGuest, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { teamOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { NamespaceState } from "../../domain/operation/namespaceState.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type Blocker, type Conflict, toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { endsOf } from "../../domain/request/expiry.ts";
import { targetsLost } from "../../domain/request/loss.ts";
import { lossText } from "../../domain/request/lossText.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import { askedOf, guestsIn, guestsOf } from "../definitions/identityMembers.ts";
import type { Obstacles } from "../definitions/preflight.ts";

type Looking = Pick<Ports, "catalog" | "registry">;

interface Wanted {
  readonly request: OnboardingRequest;
  readonly earlier?: OnboardingRequest | undefined;
  /** For a dry run; the record of an operation names its team. */
  readonly team?: string | undefined;
  readonly takeOver?: boolean | undefined;
}

export async function lookAtSharing(ports: Looking, wanted: Wanted): Promise<Obstacles> {
  const record = await ports.registry.getNamespace(wanted.request);
  return isGuest(wanted.request)
    ? await lookAsGuest(ports, { ...wanted, team: wanted.team ?? (record && teamOf(record)), own: record })
    : await lookAsHome(ports, record, wanted);
}

async function lookAsGuest(
  { catalog, registry }: Looking,
  { request, team, own }: Wanted & { readonly own: NamespaceRecord | undefined },
): Promise<Obstacles> {
  expectShared(catalog, request);
  const home = await registry.getNamespace(homeOf(request));
  const obstacle = whyNotShared(home, { request, team, own });
  if (obstacle || !home) return { blockers: obstacle ? [toOperationError(obstacle.code, obstacle.message)] : [] };
  const lacking = lacksOf(home.request, request);
  if (lacking.length > 0) {
    const message = `${namespaceKey(home)}, whose identity ${namespaceKey(request)} is to use, does not have ${list(lacking)}.`;
    return { blockers: [toOperationError("SHARED_IDENTITY_LACKS", message)] };
  }
  const more = targetsLost(request, home.request).map(lossText);
  if (more.length === 0) return {};
  const message = `${namespaceKey(request)} can also reach what ${namespaceKey(home)} has: ${list(more)}.`;
  return { notices: [toNotice("SHARED_IDENTITY_REACH", message)] };
}

/** While one of these holds the home, it may be revoking access that its record still names, or has too early. */
const changing: ReadonlySet<NamespaceState> = new Set(["Onboarding", "Changing", "Offboarding", "Compensating"]);

/**
 * Why the home's identity cannot be used now; undefined if it can. `own` is the guest's record: until a guest has one, a repair of the
 * home may be removing a credential of its name that nobody has asked for (federatedCredential/leftByGuests.ts).
 */
export function whyNotShared(
  home: NamespaceRecord | undefined,
  { request, team, own }: Pick<Wanted, "request" | "team"> & { readonly own: NamespaceRecord | undefined },
): Blocker | undefined {
  const key = namespaceKey(homeOf(request));
  // A namespace of another team gets the same words as one that is not there.
  if (!home || home.team !== team || isGuest(home.request)) {
    const message = `${key} is not onboarded for the same team with an identity of its own.`;
    return { code: "SHARED_IDENTITY_UNAVAILABLE", message };
  }
  const isNew = own === undefined || own.state === "Onboarding";
  if (changing.has(home.state) || (home.state === "Repairing" && isNew)) {
    return { code: "SHARED_IDENTITY_BUSY", message: `Operation ${home.operation} is running for ${key}.` };
  }
  if (home.state !== "Incomplete" && home.clientId !== undefined) return undefined;
  return { code: "SHARED_IDENTITY_UNAVAILABLE", message: `Operation ${home.operation} left ${key} incomplete.` };
}

/** What the guest asks for and the home's request does not have, or not for as long. */
export function lacksOf(home: OnboardingRequest, guest: OnboardingRequest): readonly string[] {
  const ends = endsOf(home);
  const later = [...endsOf(guest)].flatMap(([target, end]) => {
    const until = ends.get(target);
    return until !== undefined && (end === undefined || end > until) ? [`${target} after ${until}`] : [];
  });
  return [...targetsLost(home, guest).map(lossText), ...later];
}

async function lookAsHome(
  { registry }: Looking,
  record: NamespaceRecord | undefined,
  { request, earlier, team, takeOver = false }: Wanted,
): Promise<Obstacles> {
  const guests = await guestsIn(registry, request, record);
  // Access to a target that has ended ends for all: no guest's may last longer.
  if (!record || guests.length === 0 || record.requestedBy === expiryCaller.id) return {};
  // A team may also take over its own, when somebody has made the namespace anew.
  const next = takeOver ? team : record.takenBy;
  const changesTeam = next !== undefined && next !== record.team;
  const blockers = guests.flatMap((guest): readonly OperationError[] => {
    const lost = new Set(askedOf(guest, request).flatMap((asked) => lacksOf(request, asked)));
    if (!changesTeam && lost.size === 0) return [];
    const what = changesTeam ? "belong to another team" : `lose ${list([...lost])}`;
    const message = `${namespaceKey(guest)} uses the identity of ${namespaceKey(request)}, which would ${what}.`;
    return [toOperationError("SHARED_IDENTITY_IN_USE", message)];
  });
  const more = earlier ? targetsLost(earlier, request).map(lossText) : [];
  if (more.length === 0) return { blockers };
  const message = `${list(guests.map(namespaceKey))} can reach it, too, by the same identity: ${list(more)}.`;
  return { blockers, notices: [toNotice("SHARED_IDENTITY_REACH", message)] };
}

/** Guests that an offboarding would leave without an identity: nobody may ignore them. Where access ends, theirs has ended before. */
export async function whyNeeded(
  { registry }: Pick<Ports, "registry">,
  home: NamespaceRef,
): Promise<Conflict | undefined> {
  const guests = await guestsOf(registry, home);
  if (guests.length === 0) return undefined;
  const message = `The identity of ${namespaceKey(home)} is also used by ${list(guests.map(namespaceKey))}.`;
  return { code: "SHARED_IDENTITY_IN_USE", message };
}

/**
 * What an approval has to cover beside the request itself: a guest also reaches what its home has, and a guest's cluster reaches what
 * its home gets.
 */
export async function alsoJudged(
  { registry }: Pick<Ports, "registry">,
  request: OnboardingRequest,
): Promise<readonly OnboardingRequest[]> {
  const home = await registry.getNamespace(homeOf(request));
  if (isGuest(request)) {
    if (!home) return [];
    const { databases, targets } = home.request;
    const { targets: _own, ...rest } = request;
    return [defined({ ...rest, databases, targets })];
  }
  const guests = await guestsIn(registry, request, home);
  return guests.map(({ cluster, namespace }) => ({ ...request, cluster, namespace }));
}
