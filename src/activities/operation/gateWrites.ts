import type { Ports } from "../../ports.ts";

/**
 * The same ports, whose writes to the cloud wait for the gate and do not happen when it rejects; and those to a namespace's
 * record, which is what a cut over changes.
 */
export function gateWrites(ports: Ports, gate: Promise<unknown>): Ports {
  const after =
    <A extends readonly unknown[], R>(write: (...input: A) => Promise<R>) =>
    async (...input: A): Promise<R> => {
      await gate;
      return await write(...input);
    };
  const { identities, databases, kubernetes, registry } = ports;
  return {
    ...ports,
    registry: { ...registry, replaceNamespace: after(registry.replaceNamespace) },
    identities: {
      ...identities,
      put: after(identities.put),
      remove: after(identities.remove),
      putFederatedCredential: after(identities.putFederatedCredential),
      removeFederatedCredential: after(identities.removeFederatedCredential),
    },
    databases: { ...databases, change: after(databases.change) },
    // A question is no write.
    kubernetes: {
      ...kubernetes,
      apply: (cluster, object, options) =>
        (options?.dryRun ? kubernetes.apply : after(kubernetes.apply))(cluster, object, options),
      remove: (cluster, ref, precondition, options) =>
        (options?.dryRun ? kubernetes.remove : after(kubernetes.remove))(cluster, ref, precondition, options),
    },
  };
}
