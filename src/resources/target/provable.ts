/** What of the targets a verification Job can try (samples/verify-app). */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findTarget, placeOf, type TargetRequest } from "../../domain/targets/namedTarget.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import type { NamedTargetAt } from "../definitions/targetFamily.ts";
import { targetAt } from "./families.ts";

interface Provable {
  readonly wanted: TargetRequest;
  readonly at: NamedTargetAt;
}

/** Of what the request asks for, and the catalog has: its own finding says what the catalog has dropped. */
export function provableTargets(
  catalog: Catalog,
  { targets = [] }: { readonly targets?: readonly TargetRequest[] | undefined },
): readonly Provable[] {
  return targets.flatMap((wanted) =>
    unlessDropped(
      () => {
        const at = targetAt(placeOf(findTarget(catalog, { ...wanted, access: [] })));
        return at.isProvable(wanted.access) ? [{ wanted, at }] : [];
      },
      () => [],
    ),
  );
}
