/** A cluster's policies: missing rights, and what admission denies or changes. */

import type { Dice } from "test-support/random";
import { PermanentError } from "../../../src/domain/errors.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { ObjectRef } from "../../../src/ports/kubernetes.ts";

export interface Policies {
  /** Kinds that Mooring has no right to write. */
  forbidden: ReadonlySet<string>;
  /** Writes that a webhook denies: `apply ConfigMap`, `remove Namespace`. */
  denied: ReadonlySet<string>;
  /** Kinds in which a webhook sets its own fields or changes Mooring's. */
  labelled: ReadonlySet<string>;
  altered: ReadonlySet<string>;
}

export const noPolicies: Policies = {
  forbidden: new Set(),
  denied: new Set(),
  labelled: new Set(),
  altered: new Set(),
};

const kinds = ["Namespace", "ConfigMap", "ServiceAccount", "AzureIdentity", "AzureIdentityBinding"];

export function createPolicies(dice: Dice): Policies {
  if (dice.chance(0.6)) return noPolicies;
  const some = (chance: number) => new Set(kinds.filter(() => dice.chance(chance)));
  const verbs = kinds.flatMap((kind) => [`apply ${kind}`, `remove ${kind}`]);
  return {
    forbidden: some(0.03),
    denied: new Set(verbs.filter(() => dice.chance(0.05))),
    labelled: some(0.2),
    altered: some(0.03),
  };
}

export function withPolicies(ports: Ports, policies: () => Policies): Ports {
  const { kubernetes } = ports;
  const expectAllowed = ({ kind }: Pick<ObjectRef, "kind">) => {
    if (policies().forbidden.has(kind)) throw new PermanentError("KUBERNETES_FORBIDDEN", `no right to write ${kind}`);
  };
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options = {}) {
        const { kind, metadata } = object;
        expectAllowed(object);
        // Namespace, schema and conflicts are checked first.
        const { denied, labelled, altered } = policies();
        const isDenied = denied.has(`apply ${kind}`);
        if (isDenied) await kubernetes.apply(cluster, object, { ...options, dryRun: true });
        if (isDenied) throw new PermanentError("KUBERNETES_ADMISSION_DENIED", `a webhook denied ${kind}`);
        const annotations = labelled.has(kind) ? { ...metadata.annotations, webhook: "seen" } : metadata.annotations;
        const admitted = { ...object, metadata: { ...metadata, ...(annotations ? { annotations } : {}) } };
        if (!altered.has(kind)) return await kubernetes.apply(cluster, admitted, options);
        return await kubernetes.apply(cluster, overwritten(admitted), options);
      },
      async remove(cluster, ref, precondition, options = {}) {
        expectAllowed(ref);
        if (policies().denied.has(`remove ${ref.kind}`)) {
          throw new PermanentError("KUBERNETES_ADMISSION_DENIED", `a webhook denied to delete ${ref.kind}`);
        }
        await kubernetes.remove(cluster, ref, precondition, options);
      },
      async whyForbidden(_cluster, { kind }) {
        return policies().forbidden.has(kind) ? `no right to write ${kind}` : undefined;
      },
    },
  };
}

type Applied = Parameters<Ports["kubernetes"]["apply"]>[1];

/** A Namespace stays as it is, since its only field of Mooring's is the mark. */
function overwritten(object: Applied): Applied {
  switch (object.kind) {
    case "ConfigMap":
      return { ...object, data: { ...Object(object["data"]), SERVER_NAME: "webhook" } };
    case "AzureIdentity":
      return { ...object, spec: { ...Object(object["spec"]), clientID: "webhook" } };
    case "AzureIdentityBinding":
      return { ...object, spec: { ...Object(object["spec"]), selector: "webhook" } };
    default:
      return object;
  }
}
