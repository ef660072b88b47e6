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
  "test/local/simulators/kubernetes",
  "test/proof/faultMatrix.test.ts",
  "test/proof/hostileStrings.test.ts",
  "test/proof/races.test.ts",
  "test/proof/serviceFaults.test.ts",
  "test/releases/upgrade.test.ts",
  "test/resources/kubernetesObject",
  "test/resources/namespaceProfile",
  "test/samples",
  "test/sandbox",
];

const bystander = "the cluster of its sandbox stands by: what it tests is elsewhere";
const pages =
  "its pages are the same whatever serves the cluster, and a browser beside a real one takes all processors";

export const leftOut: Readonly<Record<string, string>> = {
  "test/dashboard/dashboard.test.ts": pages,
  "test/dashboard/easyAuth.test.ts": pages,
  "test/dashboard/sequences.test.ts": pages,
  "test/local/runWorkload.test.ts": bystander,
  "test/local/simulators/surfaces.test.ts": "it sends nonsense to the simulators themselves",
  "test/proof/canaries.test.ts": bystander,
  "test/proof/easyAuth.test.ts": bystander,
  "test/proof/tableFaults.test.ts": bystander,
  "test/tools/telemetryBundle.test.ts": bystander,
};
