/**
 * Installs the last chart of aad-pod-identity, for trying a migration away from it: `npm run azure -- pod-identity`.
 * `az aks command invoke` includes helm, and also reaches a cluster without a public API server.
 */
import { z } from "zod";
import type { Az } from "./az.ts";
import { optionsFor } from "./resourceId.ts";

const chart = "aad-pod-identity";
const repository = "https://raw.githubusercontent.com/Azure/aad-pod-identity/master/charts";
/** The final version. */
const version = "4.1.18";

export const warning =
  "aad-pod-identity has been deprecated since October 2022 and archived since September 2023: it gets no fixes. Use it only to try a migration away from it.";

/** Idempotent. `forceNamespaced` keeps the pods of one namespace from using identities of another. */
export const helm = `helm upgrade --install ${chart} ${chart} --repo ${repository} --version ${version} --namespace kube-system --set-string forceNamespaced=true`;

const Invoked = z.object({ exitCode: z.int().nullish(), logs: z.string().nullish() });

export async function installPodIdentity(az: Az, clusterId: string): Promise<void> {
  const { exitCode, logs } = Invoked.parse(
    await az("aks", "command", "invoke", ...optionsFor(clusterId), "--command", helm),
  );
  if (exitCode !== 0) throw new Error(logs?.trim() || `helm ended with ${exitCode}.`);
}
