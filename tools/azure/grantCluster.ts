/**
 * Applies the ClusterRoles and their bindings with `az aks command invoke`: it runs in the cluster as the caller, so it also works
 * without a public API server and needs neither kubectl nor kubelogin on this machine.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { clusterFiles, clusterRightsFor, placeholders } from "../../sandbox/clusterRights.ts";
import type { Az } from "./az.ts";
import type { ClusterTarget } from "./catalogTargets.ts";

const Clusters = z.array(
  z.object({
    name: z.string(),
    resourceGroup: z.string(),
    fqdn: z.string().nullish(),
    privateFqdn: z.string().nullish(),
  }),
);
const Invoked = z.object({ exitCode: z.int().nullish(), logs: z.string().nullish() });

export async function grantCluster(az: Az, target: ClusterTarget, userName: string): Promise<void> {
  const { subscriptionId, host } = target;
  if (!target.isManagedByAzure) {
    throw new Error(
      "Azure does not manage this cluster. Apply the files as its administrator, with its context current.",
    );
  }
  const clusters = Clusters.parse(await az("aks", "list", "--subscription", subscriptionId));
  const cluster = clusters.find(({ fqdn, privateFqdn }) => [fqdn, privateFqdn].includes(host));
  if (cluster === undefined)
    throw new Error(`No managed cluster of subscription ${subscriptionId} has the API server ${host}.`);

  const folder = await mkdtemp(join(tmpdir(), "mooring-"));
  try {
    const file = join(folder, "mooring.yaml");
    await writeFile(file, await clusterRightsFor(target, userName));
    const where = ["--subscription", subscriptionId, "--resource-group", cluster.resourceGroup, "--name", cluster.name];
    const { exitCode, logs } = Invoked.parse(
      await az("aks", "command", "invoke", ...where, "--command", "kubectl apply -f mooring.yaml", "--file", file),
    );
    if (exitCode !== 0) throw new Error(logs?.trim() || `kubectl ended with ${exitCode}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** For a cluster administrator who may not run commands through Azure. */
export function clusterByHand(target: ClusterTarget, userName: string): string {
  const files = clusterFiles(target).map((name) => `infra/kubernetes/${name}`);
  const image = target.verificationJob?.image;
  const fill = [
    `-e "s|${placeholders.identity}|${userName}|"`,
    ...(image === undefined ? [] : [`-e "s|${placeholders.image}|${image}|"`]),
    `-e "s|${placeholders.sqlHosts}|${target.sqlHosts.join(",")}|"`,
    `-e "s|${placeholders.targetAddresses}|${target.targetAddresses.join(",")}|"`,
    `-e "s|${placeholders.podSecurity}|${(target.podSecurity ?? []).join(",")}|"`,
  ];
  const account = accountByHand(target);
  return `${account}for file in ${files.join(" ")}; do sed ${fill.join(" ")} "$file" | kubectl apply -f -; done`;
}

/** Where Mooring logs in as a service account, there has to be one. */
function accountByHand({ login }: ClusterTarget): string {
  if (login.by !== "serviceAccount") return "";
  const { namespace, name } = login;
  return `kubectl create namespace ${namespace}\nkubectl create serviceaccount ${name} --namespace ${namespace}\n`;
}
