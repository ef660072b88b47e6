/**
 * Where a namespace may have a target: where the catalog says, and where it said before. Access was given when the catalog had the
 * target there; it is revoked although the catalog has dropped or moved it since.
 */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { errorOf, PermanentError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { kindOf, type TargetKindName, type Targets, targetKinds } from "../../domain/targets/index.ts";
import {
  isSamePlace,
  type PlaceOfTarget,
  placeOf,
  type RememberedPlaces,
  readPlace,
  type TargetEntry,
} from "../../domain/targets/namedTarget.ts";
import { movedIn } from "../../domain/targets/rules.ts";
import { keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { Wanted } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import { noticeOfLeft } from "../definitions/leftCatalog.ts";
import type { Revoking } from "../definitions/targetFamily.ts";
import type { AnyPlace } from "./families.ts";
import { type DatabasePlace, databasePlace } from "./sqlDatabase/place.ts";

interface KnownPlace<Place> {
  readonly place: Place;
  /** The catalog has the target there. */
  readonly isListed: boolean;
}

export interface Places<Place = AnyPlace> {
  /** The one of the catalog first. */
  readonly known: readonly KnownPlace<Place>[];
  /** Remembered, and unknown to this release: a later one gave access there. Kind and resource of each, for people. */
  readonly unknown: readonly string[];
  /** The catalog has it elsewhere than the record: the namespace has nothing there. */
  readonly isMoved: boolean;
}

interface PlaceOfKind {
  readonly sqlDatabase: DatabasePlace;
  readonly namedTarget: PlaceOfTarget;
}

type Remembered = Pick<NamespaceRecord, "places" | "servers">;

/** A record knows one place of a server, and every place of any other target. */
const findAt: {
  readonly [Kind in TargetKindName]: (catalog: Catalog, record: Remembered, key: string) => Places<PlaceOfKind[Kind]>;
} = {
  sqlDatabase(catalog, record, key) {
    const place = databasePlace(catalog, key, record.servers);
    const isMoved = targetKinds.sqlDatabase.isMoved(catalog, key, record);
    return { known: [{ place, isListed: place.listed === "database" }], unknown: [], isMoved };
  },
  namedTarget(catalog, record, key) {
    const entry = lookUp(catalog.targets, key);
    const listed = entry && placeOf(entry);
    const read = (lookUp(record.places ?? {}, key) ?? []).map((each) => readPlace(each) ?? describePlace(each));
    const earlier = read
      .filter((each) => typeof each !== "string")
      .filter((each) => !listed || !isSamePlace(each, listed));
    return {
      known: [
        ...(listed ? [{ place: listed, isListed: true }] : []),
        ...earlier.map((place) => ({ place, isListed: false })),
      ],
      unknown: read.filter((each) => typeof each === "string"),
      isMoved: targetKinds.namedTarget.isMoved(catalog, key, record),
    };
  },
};

export type PlacesOf = <Kind extends TargetKindName>(wanted: {
  readonly kind: Kind;
  readonly key: string;
}) => Places<PlaceOfKind[Kind]>;

export function placesIn(catalog: Catalog, record: Remembered = {}): PlacesOf {
  return ({ kind, key }) => findAt[kind](catalog, record, key);
}

type Finding = Pick<Ports, "catalog" | "registry">;

/** With one look at the record. */
export async function placesOf({ catalog, registry }: Finding, namespaceRef: NamespaceRef): Promise<PlacesOf> {
  return placesIn(catalog, await registry.getNamespace(namespaceRef));
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

export function describePlace({ kind, resourceId }: RememberedPlaces[string][number]): string {
  return typeof resourceId === "string" ? `${kind} ${resourceId}` : kind;
}

/** What a row of what is left to tidy up says of it. */
export function rowOf(place: AnyPlace): Leftover["place"] {
  return place.kind === "sqlDatabase" ? { kind: place.kind, server: place.server, database: place.database } : place;
}

/** What a step says that would revoke something there. */
export function noticesOfUnknown(target: string, { unknown }: Pick<Places, "unknown">): readonly OperationError[] {
  return unknown.map((where) =>
    noticeOfLeft({ message: `This release of Mooring does not know how to reach target "${target}" at ${where}.` }),
  );
}

/** Where the catalog has it, whatever the access. */
export function listedPlace<Kind extends TargetKindName>(
  catalog: Catalog,
  wanted: { readonly kind: Kind; readonly key: string },
): PlaceOfKind[Kind] | undefined {
  return placesIn(catalog)(wanted).known.find(({ isListed }) => isListed)?.place;
}

/** The same; fails if the catalog does not list it, or not with that access. */
export function allowedPlace(catalog: Catalog, wanted: Wanted): AnyPlace {
  const [refused] = kindOf(wanted.kind).refused(catalog, wanted);
  if (refused) throw errorOf(refused.code, refused.detail);
  const place = listedPlace(catalog, wanted);
  if (!place) throw new Error(`${wanted.key} was found and is not there`);
  return place;
}

/**
 * Uses every known one; fails with UNKNOWN_TARGET if there is none, or if one that the catalog dropped cannot be reached. `instead`
 * keeps one that fails from being in the others' way.
 */
export async function atPlaces<T>(
  { known, unknown }: Places,
  target: string,
  use: (place: AnyPlace) => Promise<T>,
  instead: (place: AnyPlace, why: unknown) => T = (_place, why) => {
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
        // Of a database, its family says so.
        const isSaid = isListed || place.kind === "sqlDatabase";
        if (isSaid || !(error instanceof PermanentError)) return instead(place, error);
        const message = `The catalog no longer has target "${target}" where it was, and it cannot be reached there (${error.code}).`;
        return instead(place, new PermanentError("UNKNOWN_TARGET", message, { cause: error }));
      }
    }),
  );
}

/** What the namespace has at the place by any alias stays. Where the catalog has moved one, that is where it was, until it is asked for. */
export function staying(
  places: PlacesOf,
  place: AnyPlace,
  kept: readonly Pick<Wanted, "kind" | "key" | "access">[],
): Pick<Revoking<string>, "keep" | "keepsResource"> {
  if (place.kind === "sqlDatabase") {
    // It has one alias, and one user for each namespace.
    return { keep: kept.flatMap(({ key, access }) => (key === keyOf(place) ? access : [])), keepsResource: false };
  }
  const entries = kept.flatMap(({ kind, key, access }) => {
    if (kind !== "namedTarget") return [];
    const { known, isMoved } = places({ kind, key });
    const used = known.find(({ isListed }) => isListed !== isMoved);
    return used ? [{ at: used.place, access }] : [];
  });
  return {
    keep: entries.flatMap(({ at, access }) => (isSamePlace(at, place) ? access : [])),
    keepsResource: entries.some(({ at }) => isSameId(at.resourceId, place.resourceId)),
  };
}
