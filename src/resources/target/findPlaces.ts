/**
 * Where a namespace may have a target: where the catalog says, and where it said before. Access was given when the catalog had the
 * target there; it is revoked although the catalog has dropped or moved it since.
 */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import type { Targets } from "../../domain/targets/index.ts";
import {
  findTarget,
  isSamePlace,
  namedTarget,
  type PlaceOfTarget,
  placeOf,
  type RememberedPlaces,
  readPlace,
  type TargetEntry,
  type TargetRequest,
} from "../../domain/targets/namedTarget.ts";
import { movedIn } from "../../domain/targets/rules.ts";
import { keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import { noticeOfLeft, unlessDropped } from "../definitions/leftCatalog.ts";
import type { Revoking } from "../definitions/targetFamily.ts";

export interface KnownPlace {
  readonly place: PlaceOfTarget;
  /** The catalog has the target there. */
  readonly isListed: boolean;
}

export interface Places {
  /** The one of the catalog first. */
  readonly known: readonly KnownPlace[];
  /** Remembered, and unknown to this release: a later one gave access there. Kind and resource of each, for people. */
  readonly unknown: readonly string[];
  /** The catalog has it elsewhere than the record: the namespace has nothing there. */
  readonly isMoved: boolean;
}

type Finding = Pick<Ports, "catalog" | "registry">;

export async function findPlaces(ports: Finding, namespaceRef: NamespaceRef, target: string): Promise<Places> {
  return (await placesOf(ports, namespaceRef))(target);
}

/** The same for several targets, with one look at the record. */
export async function placesOf(
  { catalog, registry }: Finding,
  namespaceRef: NamespaceRef,
): Promise<(target: string) => Places> {
  const { places = {} } = (await registry.getNamespace(namespaceRef)) ?? {};
  return (target) => placesIn(catalog, places, target);
}

function placesIn(catalog: Catalog, places: RememberedPlaces, target: string): Places {
  const entry = lookUp(catalog.targets, target);
  const listed = entry && placeOf(entry);
  const remembered = lookUp(places, target) ?? [];
  const read = remembered.map((each) => readPlace(each) ?? describeUnknown(each));
  const earlier = read
    .filter((each) => typeof each !== "string")
    .filter((each) => !listed || !isSamePlace(each, listed));
  return {
    known: [
      ...(listed ? [{ place: listed, isListed: true }] : []),
      ...earlier.map((place) => ({ place, isListed: false })),
    ],
    unknown: read.filter((each) => typeof each === "string"),
    isMoved: namedTarget.isMoved(catalog, target, { places }),
  };
}

/** The catalog as far as the namespace needs it: with targets that it has dropped, where the record remembers them last. */
export async function withRemembered({ catalog, registry }: Finding, namespaceRef: NamespaceRef): Promise<Catalog> {
  const { places = {} } = (await registry.getNamespace(namespaceRef)) ?? {};
  const dropped = Object.entries(places).flatMap(([target, all]): [string, TargetEntry][] => {
    const [last] = all.toReversed().flatMap((each) => readPlace(each) ?? []);
    return last ? [[target, { ...last, access: [] }]] : [];
  });
  return { ...catalog, targets: { ...Object.fromEntries(dropped), ...catalog.targets } };
}

/** The same where the catalog has moved something: addresses stay those where the namespace has access. */
export async function asGiven({ catalog, registry }: Finding, request: NamespaceRef & Targets): Promise<Catalog> {
  const record = await registry.getNamespace(request);
  const moved = new Set(record ? movedIn(catalog, request, record).map(({ key }) => key) : []);
  if (moved.size === 0) return catalog;
  const targets = Object.entries(catalog.targets).map(([target, entry]): [string, TargetEntry] => {
    const [newest] = moved.has(target) ? (lookUp(record?.places ?? {}, target) ?? []) : [];
    const place = newest && readPlace(newest);
    return [target, place ? { ...place, access: [] } : entry];
  });
  // Where a server was, its host is known to Azure alone.
  const elsewhere = new Set(request.databases.filter((each) => moved.has(keyOf(each))).map(({ server }) => server));
  const servers = Object.entries(catalog.sqlServers).filter(([alias]) => !elsewhere.has(alias));
  return { ...catalog, targets: Object.fromEntries(targets), sqlServers: Object.fromEntries(servers) };
}

function describeUnknown({ kind, resourceId }: RememberedPlaces[string][number]): string {
  return typeof resourceId === "string" ? `${kind} ${resourceId}` : kind;
}

/** What a step says that would revoke something there. */
export function noticesOfUnknown(target: string, { unknown }: Pick<Places, "unknown">): readonly OperationError[] {
  return unknown.map((where) =>
    noticeOfLeft({ message: `This release of Mooring does not know how to reach target "${target}" at ${where}.` }),
  );
}

/** Where the catalog has it, whatever the access. */
export function listedPlace(catalog: Catalog, wanted: TargetRequest): PlaceOfTarget | undefined {
  return unlessDropped(
    () => placeOf(findTarget(catalog, { ...wanted, access: [] })),
    () => undefined,
  );
}

/**
 * Uses every known one; fails with UNKNOWN_TARGET if there is none, or if one that the catalog dropped cannot be reached. `instead`
 * keeps one that fails from being in the others' way.
 */
export async function atPlaces<T>(
  { known, unknown }: Places,
  target: string,
  use: (place: PlaceOfTarget) => Promise<T>,
  instead: (place: PlaceOfTarget, why: unknown) => T = (_place, why) => {
    throw why;
  },
): Promise<readonly T[]> {
  if (known.length === 0) {
    const where = unknown.map(
      (each) => ` It was at ${each}, which this release of Mooring does not know how to reach.`,
    );
    throw new PermanentError("UNKNOWN_TARGET", `The catalog has no target "${target}".${where.join("")}`);
  }
  return await Promise.all(
    known.map(async ({ place, isListed }) => {
      try {
        return await use(place);
      } catch (error) {
        if (isListed || !(error instanceof PermanentError)) return instead(place, error);
        const message = `The catalog no longer has target "${target}" where it was, and it cannot be reached there (${error.code}).`;
        return instead(place, new PermanentError("UNKNOWN_TARGET", message, { cause: error }));
      }
    }),
  );
}

/** What the namespace has at the place by any alias stays. Where the catalog has moved one, that is where it was, until it is asked for. */
export function staying(
  places: (target: string) => Places,
  place: PlaceOfTarget,
  kept: readonly TargetRequest[],
): Pick<Revoking, "keep" | "keepsResource"> {
  const entries = kept.flatMap(({ target, access }) => {
    const { known, isMoved } = places(target);
    const used = known.find(({ isListed }) => isListed !== isMoved);
    return used ? [{ at: used.place, access }] : [];
  });
  return {
    keep: entries.flatMap(({ at, access }) => (isSamePlace(at, place) ? access : [])),
    keepsResource: entries.some(({ at }) => isSameId(at.resourceId, place.resourceId)),
  };
}
