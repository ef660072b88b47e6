/** An object that Mooring puts into every namespace. The namespace's own step makes it, so it needs no step of its own. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import type { IdentityUser } from "../../domain/naming/names.ts";
import type { Targets } from "../../domain/targets/index.ts";

/** All that such an object may depend on; when these change, a change rewrites it. */
export type Contents = IdentityUser & Targets;

export interface NamespacedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** The same in every namespace. */
  readonly name: string;
  /** All fields except apiVersion, kind and metadata. */
  fields(catalog: Catalog, contents: Contents): Readonly<Record<string, unknown>>;
}
