/** What the identity may do on the targets that the catalog names, databases apart. */

import { PermanentError } from "../../domain/errors.ts";
import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import { type Finding, type FindingCode, finding } from "../../domain/finding.ts";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import { throwConflict } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { isAzureRolePlace } from "../../domain/targets/azureRoles.ts";
import {
  findTarget,
  keyOf,
  type PlaceOfTarget,
  placeOf,
  readPlace,
  type TargetRequest,
} from "../../domain/targets/namedTarget.ts";
import type { Ports } from "../../ports/index.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineResource } from "../definitions/resource.ts";
import type { About } from "../definitions/targetFamily.ts";
import { onEachTarget } from "../definitions/targetResource.ts";
import { tidy } from "../definitions/tidying.ts";
import { roomChecks } from "./azureRole/room.ts";
import { targetAt } from "./families.ts";
import { atPlaces, findPlaces, listedPlace, placesOf, staying } from "./findPlaces.ts";
import { locksOnGranting } from "./locks.ts";
import { inspectTargetReach } from "./reach.ts";
import { targetSteps } from "./steps.ts";
import { isMarkedRole, judgedRoles, surplusAccess } from "./surplus.ts";
import { findUnmet, obstaclesAt } from "./unmet.ts";

export const target = defineResource({
  steps: targetSteps,
  ...onEachTarget("namedTarget", {
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
    ...(input.request.targets ?? []).map((wanted) => ({
      target: keyOf(wanted),
      read: () => inspectTarget(ports, input, wanted),
    })),
    { target: "other targets", read: () => inspectOthers(ports, input), needsPast: true },
  ],

  remains: (ports, request) =>
    (request.targets ?? []).map(async (wanted) => {
      const { cluster, namespace } = request;
      const namespaceRef = { cluster, namespace };
      const about = {
        namespaceRef,
        target: keyOf(wanted),
        ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }),
      };
      // What is unknown to this release was named by the step that left it.
      const places = await findPlaces(ports, namespaceRef, about.target);
      const left = await atPlaces(places, about.target, (place) =>
        targetAt(place).planRevocation(ports, { ...about, keep: [], keepsResource: true }),
      );
      // What only waits to be tidied up opens nothing.
      const open = left.filter(({ writes }) => writes.length > 0);
      const what = open.flatMap(({ differences }) => differences.map(({ field }) => field));
      return what.map((field) => `Access ${field} is still given on ${keyOf(wanted)}.`);
    }),

  async tidyUp(ports, { cluster, namespace, target, ...left }, kept) {
    const place = readPlace(left.place);
    if (!place) return left.what;
    const namespaceRef = { cluster, namespace };
    const targets = kept.flatMap((request) => request.targets ?? []);
    const about = {
      namespaceRef,
      target,
      ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }),
      triesAgain: true,
    };
    const {
      conflict,
      writes,
      tidying = [],
    } = await targetAt(place).planRevocation(ports, {
      ...about,
      ...staying(await placesOf(ports, namespaceRef), place, targets),
    });
    throwConflict(conflict);
    for (const write of writes) await write();
    return await tidy(tidying);
  },

  exported(catalog, { request, clientId, principalId }) {
    const { cluster, namespace } = request;
    const parts = (request.targets ?? []).map((wanted) =>
      unlessDropped(
        () =>
          targetAt(placeOf(findTarget(catalog, { ...wanted, access: [] }))).exported({
            ...wanted,
            namespaceRef: { cluster, namespace },
            clientId,
            principalId,
          }),
        ({ message: why }): ExportedPart => ({ commands: [], leftOut: [{ what: keyOf(wanted), why }] }),
      ),
    );
    return {
      commands: parts.flatMap(({ commands = [] }) => commands),
      leftOut: parts.flatMap(({ leftOut = [] }) => leftOut),
    };
  },

  surplus: [surplusAccess],

  /** By the mark or, if somebody wrote over it, by the name that only this assignment has. */
  gaveRole: isMarkedRole,

  judgedRoles,
});

async function inspectTarget(
  ports: Ports,
  { request, identity: reading, note }: InspectionInput,
  wanted: TargetRequest,
): Promise<readonly Finding[]> {
  const { cluster, namespace }: OnboardingRequest = request;
  const namespaceRef = { cluster, namespace };
  const current = await reading;
  const identity = current && IdentityPair.parse(current);
  const about = { namespaceRef, target: keyOf(wanted), ...recallOf(ports, namespaceRef, { identity }), identity, note };
  const { known, unknown, isMoved } = await findPlaces(ports, namespaceRef, about.target);
  const listed = known.find(({ isListed }) => isListed);
  const earlier = known.filter(({ isListed }) => !isListed);
  const left = [
    ...(await Promise.all(earlier.map(({ place }) => describeLeft(ports, about, place)))),
    ...unknown.map((where) => unreadable(about.target, `${where} (unknown to this release of Mooring)`)),
  ];
  const found =
    left
      .filter(({ text }) => text !== "")
      .map(({ text }) => text)
      .join("; ") || "nothing";
  // Whatever the identity has there, only its removal can still be asked for.
  if (!listed) return [notInCatalog(about.target, found)];
  const { place } = listed;
  if (isMoved) {
    const unasked = await targetAt(place).inspect(ports, { ...about, access: [] });
    const what = { field: "place", expected: "where the catalog has it now", found };
    return [finding("TARGET_MOVED", about.target, what), ...unasked.filter(({ code }) => givesMore.has(code))];
  }
  const unmet = await findUnmet(ports, { place, target: about.target });
  const isGone = unmet.some(({ code }) => code === "TARGET_GONE");
  // Nothing can be read where nothing is.
  const now = isGone ? [] : await targetAt(place).inspect(ports, { ...about, access: wanted.access });
  return [...unmet, ...now, ...left.flatMap(({ findings }) => findings)];
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
async function describeLeft(ports: Ports, about: About, place: PlaceOfTarget): Promise<Left> {
  const { kind, resourceId } = place;
  try {
    const { differences } = await targetAt(place).planRevocation(ports, { ...about, keep: [], keepsResource: true });
    const fields = differences.map(({ field }) => field);
    const found = `granted by Mooring at ${kind} ${resourceId}`;
    return {
      text: fields.length === 0 ? "" : `${fields.join(", ")} ${found}`,
      findings: fields.map((field) => finding("GRANT_SURPLUS", about.target, { field, expected: null, found })),
    };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return unreadable(about.target, `${kind} ${resourceId} (${error.code})`);
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
  return targets.flatMap((each) => {
    const place = listedPlace(catalog, each);
    return place ? [{ place, target: keyOf(each), access: each.access }] : [];
  });
}
