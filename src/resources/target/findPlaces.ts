/**
 * Where a namespace may have a target: where the catalog says, and where it said before. Access was given when the catalog had the
 * target there; it is taken away although the catalog has dropped or moved it since.
 */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import { lookUp } from "../../domain/lookUp.ts";
import type { Berth } from "../../domain/naming/names.ts";
import {
  findTarget,
  isSamePlace,
  type PlaceOfTarget,
  placeOf,
  readPlace,
  type TargetRequest,
} from "../../domain/targets/namedTarget.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";

export interface KnownPlace {
  readonly place: PlaceOfTarget;
  /** The catalog has the target there. */
  readonly isListed: boolean;
}

type Finding = Pick<Ports, "catalog" | "registry">;

/** The one of the catalog first. */
export async function findPlaces(
  { catalog, registry }: Finding,
  berth: Berth,
  target: string,
): Promise<readonly KnownPlace[]> {
  const entry = lookUp(catalog.targets, target);
  const listed = entry && placeOf(entry);
  const remembered = lookUp((await registry.getNamespace(berth))?.places ?? {}, target) ?? [];
  const earlier = remembered
    .flatMap((each) => readPlace(each) ?? [])
    .filter((each) => !listed || !isSamePlace(each, listed));
  return [
    ...(listed ? [{ place: listed, isListed: true }] : []),
    ...earlier.map((place) => ({ place, isListed: false })),
  ];
}

/** Where the catalog has it, whatever the access. */
export function listedPlace(catalog: Catalog, wanted: TargetRequest): PlaceOfTarget | undefined {
  return unlessDropped(
    () => placeOf(findTarget(catalog, { ...wanted, access: [] })),
    () => undefined,
  );
}

/** Uses every place; fails with UNKNOWN_TARGET if there is none, or if one that the catalog dropped cannot be reached. */
export async function atPlaces<T>(
  ports: Finding,
  { berth, target }: { readonly berth: Berth; readonly target: string },
  use: (place: PlaceOfTarget) => Promise<T>,
): Promise<readonly T[]> {
  const places = await findPlaces(ports, berth, target);
  if (places.length === 0) throw new PermanentError("UNKNOWN_TARGET", `The catalog has no target "${target}".`);
  return await Promise.all(
    places.map(async ({ place, isListed }) => {
      try {
        return await use(place);
      } catch (error) {
        if (isListed || !(error instanceof PermanentError)) throw error;
        const message = `The catalog no longer has target "${target}" where it was, and it cannot be reached there (${error.code}).`;
        throw new PermanentError("UNKNOWN_TARGET", message, { cause: error });
      }
    }),
  );
}
