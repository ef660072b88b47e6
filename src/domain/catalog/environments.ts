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

interface Crossed extends FieldProblem {
  readonly isAllowed: boolean;
}

/** Every target of the request that its cluster's environment may not reach. */
export function findCrossings(catalog: Catalog, request: Request): readonly FieldProblem[] {
  return crossedBy(catalog, request).flatMap(({ isAllowed, ...problem }) => (isAllowed ? [] : [problem]));
}

/** Every target that it reaches by a rule, for people. */
export function allowedCrossings(catalog: Catalog, request: Request): readonly string[] {
  return crossedBy(catalog, request).flatMap(({ isAllowed, detail }) =>
    isAllowed ? [`A rule of the catalog lets it cross environments: ${detail}.`] : [],
  );
}

function crossedBy(catalog: Catalog, request: Request): readonly Crossed[] {
  const clusters = lookUp(catalog.clusters, request.cluster)?.environment;
  if (clusters === undefined) return [];
  return wantedIn(request).flatMap(({ kind, key, pointer }): readonly Crossed[] => {
    const { noun, fields, environmentOf } = kindOf(kind);
    const targets = environmentOf(catalog, key);
    if (targets === undefined || targets === clusters) return [];
    const isAllowed = catalog.crossings.some((rule) => rule.clusters === clusters && rule.targets === targets);
    const detail = `${noun} ${key} is of environment "${targets}", and cluster ${request.cluster} of "${clusters}"`;
    return [{ pointer: `${pointer}/${fields.place}`, code: "ENVIRONMENT_CROSSED", detail, isAllowed }];
  });
}
