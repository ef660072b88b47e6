/** The test files that touch a cluster: which of them `npm run test:apiServer` runs on a real API server, and why not the others. */

/** Folders and files. */
export const suites: readonly string[] = [
  "test/adapters/kubernetes",
  "test/cli/commands.test.ts",
  "test/cli/daily.test.ts",
  "test/cli/objects.test.ts",
  "test/cli/removal.test.ts",
  "test/cli/sandbox.test.ts",
  "test/infra/rights.test.ts",
  "test/infra/writePolicy.test.ts",
  "test/local/cluster",
  "test/local/kubelet",
  "test/local/runWorkload.test.ts",
  "test/local/simulators/kubernetes",
  "test/local/simulators/surfaces.test.ts",
  "test/proof/canaries.test.ts",
  "test/proof/easyAuth.test.ts",
  "test/proof/faultMatrix.test.ts",
  "test/proof/hostileStrings.test.ts",
  "test/proof/races.test.ts",
  "test/proof/serviceFaults.test.ts",
  "test/proof/tableFaults.test.ts",
  "test/releases/upgrade.test.ts",
  "test/resources/kubernetesObject",
  "test/resources/namespaceProfile",
  "test/resources/objectsOfModes.test.ts",
  "test/samples",
  "test/sandbox",
  "test/tools/telemetryBundle.test.ts",
];

const pages =
  "its pages are the same whatever serves the cluster, and a browser beside a real one takes all processors";

/** Folders and files. */
export const leftOut: Readonly<Record<string, string>> = {
  "test/dashboard": pages,
};
