/** A resource that the API serves, and the registry of them, which custom resource definitions extend at run time. */
import type { Schema } from "./schema.ts";

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0, only wide tables show it. */
  readonly priority: number;
  /** Where its values are, in custom resources. */
  readonly jsonPath?: string;
}

export interface Subresource {
  readonly subresource: string;
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

export interface ScalePaths {
  readonly replicas: readonly string[];
  readonly current: readonly string[];
  readonly selector: readonly string[];
}

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Names under which clients ask for several resources at once, such as `all`. */
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Of a custom resource that can be scaled: where its numbers are. */
  readonly scale?: ScalePaths;
  /** Of its version in the store. */
  readonly hash?: string;
  /** Of a built-in resource: the name of its schema. */
  readonly definition?: string;
  readonly namespaced: boolean;
  readonly schema: Schema;
  /** Whether `/status` is written separately. */
  readonly hasStatus: boolean;
  readonly isCustom: boolean;
  /** Of a custom resource: objects from before a default get it when they are read. */
  readonly hasDefaults?: boolean;
  /** What each use of a deprecated version is warned of. */
  readonly deprecation?: string;
  /** Whether a change outside metadata and status increments metadata.generation. */
  readonly hasGeneration: boolean;
  readonly columns: readonly Column[];
  /** What a field selector may name in addition to metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
}

export interface Resources {
  /** Changes whenever they do. */
  readonly revision: number;
  find(group: string, version: string, plural: string): Resource | undefined;
  ofKind(apiVersion: string, kind: string): Resource | undefined;
  all(): readonly Resource[];
  add(resource: Resource): void;
  remove(resource: Resource): void;
}

export function createResources(builtIn: readonly Resource[]): Resources {
  const served = new Map(builtIn.map((resource) => [key(resource), resource]));
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    find: (group, version, plural) => served.get(key({ group, version, plural })),
    ofKind: (apiVersion, kind) =>
      [...served.values()].find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion),
    all: () => [...served.values()],
    add(resource) {
      served.set(key(resource), resource);
      revision += 1;
    },
    remove(resource) {
      served.delete(key(resource));
      revision += 1;
    },
  };
}

export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

function key({ group, version, plural }: Pick<Resource, "group" | "version" | "plural">): string {
  return `${group}/${version}/${plural}`;
}
