/** What a real API server of this version serves (kinds.json, which packages/kube-sim/tools/writeClusterKinds.ts writes). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Json = z.record(z.string(), z.json());
const Column = z.tuple([z.string(), z.string(), z.string(), z.number(), z.number()]);

const Kinds = z.object({
  version: z.string(),
  /** The descriptions of columns. */
  texts: z.array(z.string()),
  kinds: z.array(
    z.object({
      group: z.string(),
      version: z.string(),
      kind: z.string(),
      plural: z.string(),
      singular: z.string(),
      namespaced: z.boolean(),
      verbs: z.array(z.string()).default([]),
      shortNames: z.array(z.string()).default([]),
      categories: z.array(z.string()).default([]),
      subresources: z
        .array(
          z.object({
            subresource: z.string(),
            responseKind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
            verbs: z.array(z.string()),
          }),
        )
        .default([]),
      /** Of its version in the store, by which clients notice that it changes. */
      hash: z.string().optional(),
      /** Absent of a kind that only a real one serves. */
      definition: z.string().optional(),
      /** Name, type, format, priority, and which of the texts. */
      columns: z.array(Column).default([]),
    }),
  ),
  roles: z.array(Json),
  bindings: z.array(Json),
  definitions: z.record(z.string(), Json),
});

export const builtInKinds: z.infer<typeof Kinds> = Kinds.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, "kinds.json"), "utf8")),
);

/** Those that are served (servedKinds.ts). */
export const kindsServed: readonly BuiltInKind[] = builtInKinds.kinds.flatMap(({ definition, ...each }) =>
  definition === undefined ? [] : [{ ...each, definition }],
);
export type BuiltInKind = (typeof builtInKinds.kinds)[number] & { readonly definition: string };

/** The version of Kubernetes that this API server behaves as. */
export const kubernetesVersion = builtInKinds.version;
