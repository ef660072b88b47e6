/** A batch on onboarded namespaces: one action on every namespace that was chosen when the batch was accepted. */

import { z } from "zod";
import { defined } from "../defined.ts";
import { anyIdentity } from "../naming/identityPair.ts";
import type { NamespaceRef } from "../naming/names.ts";
import { Namespace } from "../request/request.ts";
import { mostRequests } from "./batch.ts";
import { MigrationRequest } from "./migration.ts";
import { NamespaceFilter } from "./namespaceFilter.ts";
import type { NamespaceRecord } from "./namespaceRecord.ts";

const ignoreDependants = z.boolean().default(false).meta({
  description:
    "Continue although others depend on what would be removed, as ?ignoreDependants=true does for one namespace.",
});

const actions = {
  verify: { action: z.literal("verify") },
  repair: {
    action: z.literal("repair"),
    adoptIdentity: z.literal(anyIdentity).exactOptional().meta({
      description:
        "Operators only: what has the mark of a chosen namespace, and is of an identity that no record knows (`GRANT_UNRECORDED`, `IDENTITY_UNRECORDED`), counts as the namespace's. The plan lists it.",
    }),
  },
  migrate: { action: z.literal("migrate"), ...MigrationRequest.shape },
  offboard: { action: z.literal("offboard"), ignoreDependants },
} as const;

/** What a batch does, with the options that the action has for one namespace. */
export const NamespaceWork = z.discriminatedUnion("action", [
  z.object(actions.verify),
  z.object(actions.repair),
  z.object(actions.migrate),
  z.object(actions.offboard),
]);
export type NamespaceWork = z.infer<typeof NamespaceWork>;

export const NamespaceAction = z.enum(["verify", "repair", "migrate", "offboard"]);
export type NamespaceAction = z.infer<typeof NamespaceAction>;

const NamedNamespace = z.strictObject({
  cluster: z.string().regex(/^[a-z0-9-]{1,40}$/, "must be the alias of a cluster"),
  namespace: Namespace,
});

const choice = {
  filter: NamespaceFilter.exactOptional().meta({
    description: "The namespaces that match when the batch is accepted; {} matches all.",
  }),
  namespaces: z
    .array(NamedNamespace)
    .min(1)
    .max(mostRequests, `must name at most ${mostRequests}; send the others as another batch`)
    .exactOptional()
    .meta({ description: "These namespaces.", uniqueItems: true }),
  all: z
    .literal(true, { error: "takes true" })
    .exactOptional()
    .meta({ description: "All namespaces that the caller may see." }),
};

const mostOne = "say which namespaces with exactly one of filter, namespaces and all";

/** In JSON Schema, what `superRefine` checks below. */
const oneChoice = { oneOf: Object.keys(choice).map((name) => ({ required: [name], properties: { [name]: {} } })) };

export const NamespaceBatchBody = z
  .discriminatedUnion(
    "action",
    [
      z.strictObject({ ...actions.verify, ...choice }).meta(oneChoice),
      z.strictObject({ ...actions.repair, ...choice }).meta(oneChoice),
      z.strictObject({ ...actions.migrate, ...choice }).meta(oneChoice),
      z.strictObject({ ...actions.offboard, ...choice }).meta(oneChoice),
    ],
    {
      error: ({ code }) =>
        code === "invalid_union" ? `must be one of ${NamespaceAction.options.join(", ")}` : "must be an object",
    },
  )
  .superRefine(({ filter, namespaces, all }, context) => {
    const said = [filter, namespaces, all].filter((each) => each !== undefined).length;
    if (said !== 1) context.addIssue({ code: "custom", path: [], message: mostOne });
    const seen = new Set<string>();
    for (const [index, { cluster, namespace }] of (namespaces ?? []).entries()) {
      const name = `${cluster}/${namespace}`;
      if (seen.has(name)) {
        context.addIssue({ code: "custom", path: ["namespaces", index], message: `${name} is named twice` });
      }
      seen.add(name);
    }
  })
  .meta({ id: "NamespaceBatchRequest" });
export type NamespaceBatchBody = z.infer<typeof NamespaceBatchBody>;

/** Shows later whether a namespace is still the one that was chosen. */
export interface SeenNamespace extends Pick<NamespaceRecord, "requestHash" | "team" | "namespaceUid"> {}

/** A namespace of a batch. `seen` is absent if it did not exist or the caller may not see it. */
export interface Chosen extends NamespaceRef {
  readonly seen?: SeenNamespace;
}

export function seenOf({ requestHash, team, namespaceUid }: NamespaceRecord): SeenNamespace {
  return {
    requestHash,
    ...defined({ team, namespaceUid }),
  };
}

/** A namespace that was repaired or verified since is the same; one that was onboarded again, changed or recreated is not. */
export function isAsSeen({ requestHash, team, namespaceUid }: SeenNamespace, record: NamespaceRecord): boolean {
  const uids = new Set([namespaceUid, record.namespaceUid].filter((each) => each !== undefined));
  return record.requestHash === requestHash && record.team === team && uids.size < 2;
}
