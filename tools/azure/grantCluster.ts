/**
 * Applies the ClusterRoles and their bindings with `az aks command invoke`: it runs in the cluster as the caller, so it also works
 * without a public API server and needs neither kubectl nor kubelogin on this machine.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Az } from "./az.ts";
import type { ClusterTarget } from "./catalogTargets.ts";

const infra = join(dirname(dirname(import.meta.dirname)), "infra/kubernetes");
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
    const file = join(folder, "mooring.yaml");
    await writeFile(file, await clusterRightsFor(principalId));
    const where = ["--subscription", subscriptionId, "--resource-group", cluster.resourceGroup, "--name", cluster.name];
    const { exitCode, logs } = Invoked.parse(
      await az("aks", "command", "invoke", ...where, "--command", "kubectl apply -f mooring.yaml", "--file", file),
    );
    if (exitCode !== 0) throw new Error(logs?.trim() || `kubectl ended with ${exitCode}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All files of infra/kubernetes as one. */
export async function clusterRightsFor(principalId: string): Promise<string> {
  const names = (await readdir(infra)).filter((name) => name.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(infra, name), "utf8")));
  if (!texts.some((text) => text.includes(placeholder)))
    throw new Error("infra/kubernetes has no placeholder for the identity.");
  return texts.join("\n---\n").replaceAll(placeholder, principalId);
}

/** For a cluster administrator who may not run commands through Azure. */
export const clusterByHand = (principalId: string): string =>
  `for file in infra/kubernetes/*.yaml; do sed "s/${placeholder}/${principalId}/" "$file" | kubectl apply -f -; done`;
