/** Which namespaces may use the identity of another one (docs/adr/0029). */
import { z } from "zod";
import { PermanentError } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import { type IdentityUser, namespaceRefOf } from "../naming/names.ts";
import { NamespaceKey } from "../request/request.ts";
import type { DanglingName } from "../targets/target.ts";

const SharedIdentity = z.strictObject({
  clusters: z.array(z.string()).min(1).meta({
    description: "Aliases of the clusters whose namespaces may use it. They have the environment of its own cluster.",
  }),
});

export const sharedIdentitiesSection = z.record(NamespaceKey, SharedIdentity).default({}).meta({
  description:
    "Identities that other namespaces of the same team may use, by the key of their own namespace, `<cluster>/<namespace>` (docs/sharedIdentities.md). Since 0.2.0.",
});

interface Catalog {
  readonly clusters: Readonly<Record<string, { readonly environment?: string | undefined }>>;
  readonly sharedIdentities: z.infer<typeof sharedIdentitiesSection>;
}

/** Why the catalog does not let the namespace use the identity that the request names; undefined if it does, or names none. */
function whyNotShared({ sharedIdentities }: Catalog, { cluster, sharedIdentity }: IdentityUser): string | undefined {
  if (sharedIdentity === undefined) return undefined;
  if (lookUp(sharedIdentities, sharedIdentity)?.clusters.includes(cluster)) return undefined;
  return `the catalog does not let namespaces of cluster ${cluster} use the identity of ${sharedIdentity}`;
}

export function sharedIdentityProblems(catalog: Catalog, request: IdentityUser): readonly FieldProblem[] {
  const detail = whyNotShared(catalog, request);
  return detail === undefined ? [] : [{ pointer: "/sharedIdentity", code: "SHARED_IDENTITY_NOT_ALLOWED", detail }];
}

/** Throws if the catalog allows it no longer. */
export function expectShared(catalog: Catalog, request: IdentityUser): void {
  const detail = whyNotShared(catalog, request);
  if (detail !== undefined) throw new PermanentError("SHARED_IDENTITY_NOT_ALLOWED", `${capitalized(detail)}.`);
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What one environment may do must not be opened from another one by an identity. */
export function danglingSharedIdentities({ clusters, sharedIdentities }: Catalog): readonly DanglingName[] {
  return Object.entries(sharedIdentities).flatMap(([key, { clusters: aliases }]) => {
    const at = (...path: (string | number)[]) => ["sharedIdentities", key, ...path];
    const own = namespaceRefOf(key).cluster;
    const home = lookUp(clusters, own);
    if (!home) return [{ path: at(), message: `the catalog has no cluster "${own}"` }];
    return aliases.flatMap((alias, index) => {
      const guest = lookUp(clusters, alias);
      if (!guest) return [{ path: at("clusters", index), message: `the catalog has no cluster "${alias}"` }];
      if (guest.environment === home.environment) return [];
      const message = `cluster "${alias}" is of another environment than "${own}"`;
      return [{ path: at("clusters", index), message }];
    });
  });
}
