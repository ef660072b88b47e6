/**
 * aad-pod-identity by its last chart, for trying a migration away from it: `npm run azure -- pod-identity`. `az aks command
 * invoke` brings helm, and reaches a cluster without a public API server, too.
 */
import { z } from "zod";
import type { Az } from "./az.ts";

const chart = "aad-pod-identity";
const repository = "https://raw.githubusercontent.com/Azure/aad-pod-identity/master/charts";
/** The last there will be. */
const version = "4.1.18";

export const warning =
  "aad-pod-identity is deprecated since October 2022 and archived since September 2023: it gets no fixes. Only to try a migration away from it.";

/** The same again changes nothing. `forceNamespaced` keeps pods of one namespace from identities of another. */
export const helm = `helm upgrade --install ${chart} ${chart} --repo ${repository} --version ${version} --namespace kube-system --set-string forceNamespaced=true`;

const Invoked = z.object({ exitCode: z.int().nullish(), logs: z.string().nullish() });

export async function installPodIdentity(az: Az, clusterId: string): Promise<void> {
  const { exitCode, logs } = Invoked.parse(await az("aks", "command", "invoke", "--ids", clusterId, "--command", helm));
  if (exitCode !== 0) throw new Error(logs?.trim() || `helm ended with ${exitCode}.`);
}
