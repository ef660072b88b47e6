/**
 * Applies the ClusterRole and its binding with `az aks command invoke`: it runs in the cluster as the caller, so it also works
 * without a public API server and needs neither kubectl nor kubelogin on this machine.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Az } from "./az.ts";
import type { ClusterTarget } from "./catalogTargets.ts";

const root = dirname(dirname(import.meta.dirname));
const placeholder = "<object id of Mooring's identity>";

const Clusters = z.array(
  z.object({
    name: z.string(),
    resourceGroup: z.string(),
    fqdn: z.string().nullish(),
    privateFqdn: z.string().nullish(),
  }),
);
const Invoked = z.object({ exitCode: z.int().nullish(), logs: z.string().nullish() });

export async function grantCluster(
  az: Az,
  { subscriptionId, host }: ClusterTarget,
  principalId: string,
): Promise<void> {
  const clusters = Clusters.parse(await az("aks", "list", "--subscription", subscriptionId));
  const cluster = clusters.find(({ fqdn, privateFqdn }) => [fqdn, privateFqdn].includes(host));
  if (cluster === undefined)
    throw new Error(`No managed cluster of subscription ${subscriptionId} has the API server ${host}.`);

  const folder = await mkdtemp(join(tmpdir(), "mooring-"));
  try {
    const file = join(folder, "cluster-role.yaml");
    await writeFile(file, await clusterRoleFor(principalId));
    const where = ["--subscription", subscriptionId, "--resource-group", cluster.resourceGroup, "--name", cluster.name];
    const { exitCode, logs } = Invoked.parse(
      await az("aks", "command", "invoke", ...where, "--command", "kubectl apply -f cluster-role.yaml", "--file", file),
    );
    if (exitCode !== 0) throw new Error(logs?.trim() || `kubectl ended with ${exitCode}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function clusterRoleFor(principalId: string): Promise<string> {
  const text = await readFile(join(root, "infra/kubernetes/cluster-role.yaml"), "utf8");
  if (!text.includes(placeholder))
    throw new Error("infra/kubernetes/cluster-role.yaml has no placeholder for the identity.");
  return text.replace(placeholder, principalId);
}

/** For a cluster administrator who may not run commands through Azure. */
export const clusterByHand = (principalId: string): string =>
  `sed "s/${placeholder}/${principalId}/" infra/kubernetes/cluster-role.yaml | kubectl apply -f -`;
