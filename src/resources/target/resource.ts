/** What the identity may do on the request's databases, and on the other targets that the catalog names. */
import { PermanentError } from "../../domain/errors.ts";
import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import { type Finding, type FindingCode, finding } from "../../domain/finding.ts";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { isAzureRolePlace } from "../../domain/targets/azureRoles.ts";
import type { TargetKindName, Targets } from "../../domain/targets/index.ts";
import { readPlace } from "../../domain/targets/namedTarget.ts";
import { type Wanted, wantedIn } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineResource, type Resource } from "../definitions/resource.ts";
import type { Inspecting } from "../definitions/targetFamily.ts";
import { onEachTarget, type TargetSteps } from "../definitions/targetResource.ts";
import { carryOut, tidy } from "../definitions/tidying.ts";
import { roomChecks } from "./azureRole/room.ts";
import { type AnyPlace, targetAt } from "./families.ts";
import { allowedPlace, atPlaces, describePlace, listedPlace, placesOf, rowOf, staying } from "./findPlaces.ts";
import { locksOnGranting } from "./locks.ts";
import { inspectTargetReach } from "./reach.ts";
import { spellings } from "./requested.ts";
import { inspectReach } from "./sqlDatabase/elsewhere.ts";
import { serverChecks } from "./sqlDatabase/preflight.ts";
import { surplusUsers } from "./sqlDatabase/surplus.ts";
import { databaseSteps, targetSteps } from "./steps.ts";
import { isMarkedRole, judgedRoles, surplusAccess } from "./surplus.ts";
import { findUnmet, obstaclesAt } from "./unmet.ts";

/** In the request's field `databases`; its rows and scripts call it by this name. */
export const sqlUser = defineResource({
  steps: databaseSteps,
  ...onTargets("sqlDatabase", {
    grant: databaseSteps.grantDatabase,
    narrow: databaseSteps.narrowDatabase,
    retire: databaseSteps.retireDatabase,
    revoke: databaseSteps.revokeDatabase,
  }),

  preflightTargets: serverChecks,

  inspect: (ports, input) => [
    ...readings(ports, input, "sqlDatabase"),
    { target: "other databases", isElsewhere: true, read: () => inspectReach(ports, input, input.clientId) },
  ],

  surplus: [surplusUsers],
});

/** In its field `targets`. */
export const target = defineResource({
  steps: targetSteps,
  ...onTargets("namedTarget", {
    grant: targetSteps.grantTarget,
    narrow: targetSteps.narrowTarget,
    retire: targetSteps.retireTarget,
    revoke: targetSteps.revokeTarget,
  }),

  preflightTargets: (ports, { request }) =>
    listedTargets(ports, request).flatMap(({ place, target }) => [
      () => obstaclesAt(ports, { place, target }),
      () => locksOnGranting(ports, { place, target }),
      ...targetAt(place).preflight(ports, { target }),
    ]),

  roomOnTargets(ports, { request, identity, ...planning }) {
    const namespaceRef = { cluster: request.cluster, namespace: request.namespace };
    const pair = identity && IdentityPair.parse(identity);
    const about = { namespaceRef, ...recallOf(ports, namespaceRef, { identity: pair }) };
    const withRoles = listedTargets(ports, request).flatMap(({ place, ...each }) =>
      isAzureRolePlace(place) ? [{ ...about, ...each, place }] : [],
    );
    return roomChecks(ports, withRoles, { identity: pair, ...planning });
  },

  inspect: (ports, input) => [
    ...readings(ports, input, "namedTarget"),
    { target: "other targets", isElsewhere: true, read: () => inspectOthers(ports, input) },
  ],

  surplus: [surplusAccess],

  /** By the mark or, if somebody wrote over it, by the name that only this assignment has. */
  gaveRole: isMarkedRole,

  judgedRoles,
});

/** What does not depend on the field. */
function onTargets(kind: TargetKindName, steps: TargetSteps) {
  return {
    ...onEachTarget(kind, steps),
    remains: (ports, request) => wantedOf(kind, request).map((wanted) => remainsOf(ports, request, wanted)),
    tidyUp: (ports, left, kept) => tidyUpOn(kind, ports, left, kept),
    exported: (catalog, input) => exportedOf(kind, catalog, input),
  } as const satisfies Partial<Resource>;
}

function wantedOf(kind: TargetKindName, request: Targets): readonly Wanted[] {
  return wantedIn(request).filter((each) => each.kind === kind);
}

function readings(ports: Ports, input: InspectionInput, kind: TargetKindName) {
  return wantedOf(kind, input.request).map((wanted) => ({
    target: wanted.key,
    read: () => inspectTarget(ports, input, wanted),
  }));
}

async function remainsOf(
  ports: Ports,
  { cluster, namespace }: NamespaceRef,
  wanted: Wanted,
): Promise<readonly string[]> {
  const namespaceRef = { cluster, namespace };
  const { key: target } = wanted;
  const about = { namespaceRef, target, ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }) };
  const revoking = { ...about, keep: [], keepsResource: true };
  // What is unknown to this release was named by the step that left it.
  const places = (await placesOf(ports, namespaceRef))(wanted);
  const left = await atPlaces(places, target, async (place) => {
    const at = targetAt(place);
    if (at.remains) return await at.remains(ports, revoking);
    const { differences, writes } = await at.planRevocation(ports, revoking);
    // What only waits to be tidied up opens nothing.
    return writes.length > 0 ? differences.map(({ field }) => `Access ${field} is still given on ${target}.`) : [];
  });
  return left.flat();
}

async function tidyUpOn(
  kind: TargetKindName,
  ports: Ports,
  { cluster, namespace, target, ...left }: Leftover,
  kept: readonly OnboardingRequest[],
): Promise<readonly string[]> {
  const namespaceRef = { cluster, namespace };
  const places = await placesOf(ports, namespaceRef);
  const [database] = kind === "sqlDatabase" ? places({ kind, key: target }).known : [];
  const place = database?.place ?? readPlace(left.place);
  if (!place) return left.what;
  const decision = await targetAt(place).planRevocation(ports, {
    ...{ namespaceRef, target, ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }), triesAgain: true },
    ...staying(places, place, kept.flatMap(wantedIn)),
  });
  await carryOut(decision);
  return await tidy(decision.tidying ?? []);
}

function exportedOf(
  kind: TargetKindName,
  catalog: Parameters<Resource["exported"]>[0],
  { request, clientId, principalId }: Parameters<Resource["exported"]>[1],
): ExportedPart {
  const { cluster, namespace } = request;
  const parts = wantedOf(kind, request).map((wanted) =>
    unlessDropped(
      () =>
        targetAt(allowedPlace(catalog, { ...wanted, access: [] })).exported({
          ...{ target: wanted.key, access: wanted.access, namespaceRef: { cluster, namespace } },
          ...{ clientId, principalId },
        }),
      ({ message: why }): ExportedPart => ({ leftOut: [{ what: wanted.key, why }] }),
    ),
  );
  const [databases, commands] = [
    parts.flatMap((part) => part.databases ?? []),
    parts.flatMap((part) => part.commands ?? []),
  ];
  return {
    ...(kind === "sqlDatabase" ? { databases } : { commands }),
    leftOut: parts.flatMap(({ leftOut = [] }) => leftOut),
  };
}

async function inspectTarget(
  ports: Ports,
  { request, identity: reading, clientId, note }: InspectionInput,
  wanted: Wanted,
): Promise<readonly Finding[]> {
  const { cluster, namespace }: NamespaceRef = request;
  const namespaceRef = { cluster, namespace };
  const identity = async () => {
    const current = await reading;
    return current && IdentityPair.parse(current);
  };
  const { key: target, kind } = wanted;
  const about = { namespaceRef, target, clientId, ...recallOf(ports, namespaceRef, { identity }), identity, note };
  const { known, unknown, isMoved } = (await placesOf(ports, namespaceRef))(wanted);
  const listed = known.find(({ isListed }) => isListed);
  const earlier = known.filter(({ isListed }) => !isListed);
  const left = [
    ...(await Promise.all(earlier.map(({ place }) => describeLeft(ports, { ...about, access: [] }, place)))),
    ...unknown.map((where) => unreadable(target, `${where} (unknown to this release of Mooring)`)),
  ];
  const found =
    left
      .filter(({ text }) => text !== "")
      .map(({ text }) => text)
      .join("; ") || "nothing";
  const now = async (access: readonly string[]) =>
    listed ? await targetAt(listed.place).inspect(ports, { ...about, access }) : [];
  if (isMoved) {
    const unasked = (await now([])).filter(({ code }) => givesMore.has(code));
    const what = { field: spellings[kind].place, expected: "where the catalog has it now", found };
    return [finding("TARGET_MOVED", target, what), ...unasked];
  }
  // Whatever the identity has there, only its removal can still be asked for.
  if (!listed) return [notInCatalog(target, found)];
  const unmet = await findUnmet(ports, { place: listed.place, target });
  const isGone = unmet.some(({ code }) => code === "TARGET_GONE");
  // Nothing can be read where nothing is.
  const differing = isGone ? [] : await now(wanted.access);
  return [...unmet, ...differing, ...left.flatMap(({ findings }) => findings)];
}

const givesMore: ReadonlySet<FindingCode> = new Set(["GRANT_SURPLUS", "GRANT_ADDED", "TARGET_REACHED"]);

async function inspectOthers(ports: Ports, input: InspectionInput): Promise<readonly Finding[]> {
  const identity = await input.identity;
  return identity ? await inspectTargetReach(ports, input, IdentityPair.parse(identity).principalId) : [];
}

interface Left {
  readonly text: string;
  /** If the catalog has the target elsewhere now. */
  readonly findings: readonly Finding[];
}

/** What Mooring gave where the catalog had the target before. */
async function describeLeft(ports: Ports, about: Inspecting<string>, place: AnyPlace): Promise<Left> {
  const at = targetAt(place);
  if (at.describeLeft) return { text: await at.describeLeft(ports, about), findings: [] };
  const where = describePlace(rowOf(place));
  try {
    const { differences } = await at.planRevocation(ports, { ...about, keep: [], keepsResource: true });
    const fields = differences.map(({ field }) => field);
    const found = `granted by Mooring at ${where}`;
    return {
      text: fields.length === 0 ? "" : `${fields.join(", ")} ${found}`,
      findings: fields.map((field) => finding("GRANT_SURPLUS", about.target, { field, expected: null, found })),
    };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return unreadable(about.target, `${where} (${error.code})`);
  }
}

function unreadable(target: string, where: string): Left {
  const text = `cannot be read at ${where}: access may still be given`;
  return { text, findings: [notInCatalog(target, text)] };
}

function notInCatalog(target: string, found: string): Finding {
  return finding("NOT_IN_CATALOG", target, { field: "catalog", expected: "listed", found });
}

/** One that the catalog does not list is reported by its own step. */
function listedTargets({ catalog }: Pick<Ports, "catalog">, { targets = [] }: Pick<OnboardingRequest, "targets">) {
  return targets.flatMap(({ target, access }) => {
    const place = listedPlace(catalog, { kind: "namedTarget", key: target });
    return place ? [{ place, target, access }] : [];
  });
}
