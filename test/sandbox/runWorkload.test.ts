import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startCluster } from "../../packages/kube-sim/test/kubernetes/cluster.ts";

it("says why the cluster refuses the pod", async () => {
  const cluster = await startCluster();
  const folder = await mkdtemp(join(tmpdir(), "mooring-workload-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, cluster.config.exportConfig());

  const ended = promisify(execFile)(process.execPath, ["sandbox/runWorkload.ts", "--kubeconfig", kubeconfig, "nobody"]);

  await expect(ended).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^The cluster refused the pod: .*nobody.*\. Is nobody onboarded\?\n$/),
  });
  await cluster.simulator.close();
  await rm(folder, { recursive: true });
});
