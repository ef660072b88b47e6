/**
 * Environments of clusters and targets: a namespace of one has no target of another, unless the catalog has a rule for it. What
 * has no environment is of none, and crosses nothing.
 */
import { z } from "zod";
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import { Environment } from "../naming/environment.ts";
import { type CatalogTargets, kindOf, type Targets } from "../targets/index.ts";
import { wantedIn } from "../targets/wanted.ts";

const Crossing = z.strictObject({
  clusters: Environment.meta({ description: "The environment of the clusters whose namespaces may cross." }),
  targets: Environment.meta({ description: "The environment of the targets that they may have." }),
});
type Crossing = z.infer<typeof Crossing>;

export const crossingsField = z.array(Crossing).default([]).meta({
  description:
    "Which environments may be crossed. A request for a target of another environment than its cluster's is refused without a rule (ENVIRONMENT_CROSSED).",
});

interface Catalog extends CatalogTargets {
  readonly clusters: Readonly<Record<string, { readonly environment?: string | undefined }>>;
  readonly crossings: readonly Crossing[];
}

interface Request extends Targets {
  readonly cluster: string;
}

/** Every target of the request that its cluster's environment may not reach. */
export function findCrossings(catalog: Catalog, request: Request): readonly FieldProblem[] {
  const clusters = lookUp(catalog.clusters, request.cluster)?.environment;
  if (clusters === undefined) return [];
  return wantedIn(request).flatMap(({ kind, key, pointer }): readonly FieldProblem[] => {
    const { noun, fields, environmentOf } = kindOf(kind);
    const targets = environmentOf(catalog, key);
    if (targets === undefined || targets === clusters) return [];
    if (catalog.crossings.some((rule) => rule.clusters === clusters && rule.targets === targets)) return [];
    const detail = `${noun} ${key} is of environment "${targets}", and cluster ${request.cluster} of "${clusters}"`;
    return [{ pointer: `${pointer}/${fields.place}`, code: "ENVIRONMENT_CROSSED", detail }];
  });
}
