import { clusterIdOf, findCluster } from "../../domain/catalog/clusters.ts";
import type { Ports } from "../../ports/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { defineStep, isUndo, type Looking } from "../definitions/step.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { removing } from "../kubernetesObject/objectSteps.ts";
import type { Leaving } from "../kubernetesObject/removeObjects.ts";
import { ensuringForAccount, type OfAccount, ofAccount, ofReplacedAccount } from "../serviceAccount/forAccount.ts";
import { findOtherBindings, leavingRole } from "./bindings.ts";
import { useBindingRef, useObjects } from "./objects.ts";

const allowed = ensuringForAccount((_catalog, input) => useObjects(input, { ...input, ...input.identity }));

export const allowIdentityUse = defineStep({
  name: "allowIdentityUse",
  stage: "connect",
  undo: { by: "withdrawIdentityUse" },
  ...allowed,
});

/** Puts it back when a migration fails to remove it, or is canceled at that point. */
export const returnIdentityUse = defineStep({ name: "returnIdentityUse", ...allowed });

/**
 * Whoever leaves the mode removes all of Mooring's bindings, also those whose write took
 * effect late; an undo its own. Where the catalog says nothing of bindings, Mooring has no right to look for them.
 */
async function refsOf(
  input: Looking & OfAccount,
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
): Promise<readonly Leaving[]> {
  const cluster = findCluster(catalog, input.cluster);
  if (clusterIdOf(cluster) === undefined) return [];
  const others = isUndo(input) ? [] : await findOtherBindings(kubernetes, cluster, input);
  const role = leavingRole(kubernetes, cluster, input);
  return [...others.map(refOf), useBindingRef(input, input.serviceAccount), role];
}

export const withdrawIdentityUse = defineStep({
  name: "withdrawIdentityUse",
  stage: "disconnect",
  target: "namespace",
  undo: { by: "returnIdentityUse" },
  ...ofAccount,
  ...removing<OfAccount>(refsOf),
  whenDropped: leave,
});

/** The role stays, since the account that replaces this one has it. */
export const retireIdentityUse = defineStep({
  name: "retireIdentityUse",
  ...ofReplacedAccount,
  ...removing<OfAccount>((input) => [useBindingRef(input, input.serviceAccount)]),
  whenDropped: leave,
});
