/** The clusters of a cloud: their API servers, the kubelets with the images that pods name, and how Mooring logs in. */
import { dirname, join } from "node:path";
import { startNodeIdentity } from "azure-sim/nodeIdentity";
import type { SimulatorContext } from "azure-sim/simulator";
import type { ServicePrincipal } from "azure-sim/world";
import {
  type ClusterServer,
  type Kubelet,
  startCluster,
  startKubelet,
  startScheduler,
  startServiceAccountLogin,
  type TokenFile,
} from "kube-sim";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import { traitsOf, userNameIn } from "../src/domain/catalog/clusterKinds.ts";
import { sqlHost } from "./catalogs.ts";
import { addressesOf, featuresOf } from "./clusterRights.ts";
import { readClusterRights } from "./rights.ts";
import type { Running } from "./running.ts";

export interface SimulatedCluster {
  readonly kubernetes: ClusterServer;
  readonly kubelet: Kubelet;
  /** Where Mooring logs in with a service account's token. */
  readonly tokenFile: TokenFile | undefined;
}

/** Programs of this machine, by what manifests call them. */
export type Images = Readonly<Record<string, { readonly command: string; readonly args: readonly string[] }>>;

interface Environment {
  readonly context: SimulatorContext;
  readonly running: Running;
  readonly catalog: Catalog;
  readonly mooring: ServicePrincipal;
  /** By their aliases in the catalog: `runPods` adds them. */
  readonly clusters: Map<string, SimulatedCluster>;
}

const { NODE_COMPILE_CACHE } = process.env;
const inherited = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** An image that manifests in this sandbox may name: a program of this checkout, run by this process's Node. */
const sample = (name: string) => ({
  command: process.execPath,
  args: [join(dirname(import.meta.dirname), "samples", name, "main.ts")],
  environment: inherited,
});
const verifyApp = sample("verify-app");
const samples = {
  "message-app": sample("message-app"),
  "upload-app": sample("upload-app"),
  "ledger-app": sample("ledger-app"),
  "verify-app": verifyApp,
};

export function startApiServers(
  environment: Environment,
  { isReal, authorityHost }: { readonly isReal: boolean | undefined; readonly authorityHost: string },
): Promise<ClusterServer[]> {
  const { context, running, clusters } = environment;
  return Promise.all(
    [...context.world.clusters.keys()].map(async (cluster) =>
      running.keep(
        startCluster(context, {
          cluster,
          isReal,
          policies: await policiesOf(environment, cluster),
          authorityHost,
          podLog: (pod) => clusters.get(cluster)?.kubelet.log(pod),
        }),
      ),
    ),
  );
}

export async function runPods(
  environment: Environment,
  servers: readonly ClusterServer[],
  { images, variables }: { readonly images: Images; readonly variables: Readonly<Record<string, string>> },
): Promise<void> {
  const { context, running, catalog, clusters } = environment;
  const ca = context.tls.certificate;
  const nodeIdentity = await running.keep(
    startNodeIdentity(context, {
      assignedIdentities: (cluster) =>
        clusters.get(cluster)?.kubernetes.objects.list("aadpodidentity.k8s.io/v1", "AzureAssignedIdentity") ?? [],
    }),
  );
  for (const kubernetes of servers) {
    const { cluster, url, adminToken } = kubernetes;
    const image = catalog.clusters[cluster]?.verificationJob?.image;
    const kubelet = await running.keepKubelet(
      startKubelet({
        cluster,
        url,
        ca,
        adminToken,
        // Whatever image the catalog names is like this one (samples/verify-app/README.md).
        images: { ...images, ...(image === undefined ? {} : { [image]: verifyApp }), ...samples },
        nodeIdentity,
        variables,
      }),
    );
    if (kubernetes.nodeName !== undefined) await running.keep(startScheduler(kubernetes, ca));
    clusters.set(cluster, { kubernetes, kubelet, tokenFile: await logIn(environment, kubernetes) });
  }
}

async function logIn(environment: Environment, kubernetes: ClusterServer): Promise<TokenFile | undefined> {
  const { context, running, catalog } = environment;
  const { cluster } = kubernetes;
  const entry = catalog.clusters[cluster];
  const login = entry && traitsOf(entry).login;
  if (login?.by !== "serviceAccount") return undefined;
  return running.keep(
    startServiceAccountLogin(kubernetes, {
      ca: context.tls.certificate,
      login: { ...login, tokenFile: join(await running.tokensFolder(), cluster) },
      documents: await policiesOf(environment, cluster),
    }),
  );
}

/** What an operator applies in it (infra/kubernetes). */
async function policiesOf({ catalog, mooring }: Environment, alias: string) {
  const cluster = catalog.clusters[alias];
  if (!cluster) return [];
  const targetAddresses = [...addressesOf(catalog).targetAddresses, sqlHost];
  const features = { ...featuresOf(catalog, cluster), sqlHosts: [sqlHost], targetAddresses };
  return (await readClusterRights(features, userNameIn(cluster, mooring.principalId))).documents;
}
