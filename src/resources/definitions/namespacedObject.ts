/** An object that Mooring puts into every namespace: it comes with the namespace's own step, and needs none of its own. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import type { Berth } from "../../domain/naming/names.ts";
import type { Targets } from "../../domain/targets/index.ts";

/** All that such an object may depend on; a change writes it anew when these change. */
export type Contents = Berth & Pick<Targets, "databases">;

export interface NamespacedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** The same in every namespace. */
  readonly name: string;
  /** The fields besides apiVersion, kind and metadata. */
  fields(catalog: Catalog, contents: Contents): Readonly<Record<string, unknown>>;
}
