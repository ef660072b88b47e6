/** The last chart of aad-pod-identity, in a cluster that the Azure CLI would reach. */
import { expect, it } from "vitest";
import { helm, installPodIdentity } from "../../../tools/azure/podIdentity.ts";
import { createFakeAz } from "./fakeAz.ts";

const cluster = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-sample";

it("runs the pinned chart only in the named cluster", async () => {
  const { az, calls } = createFakeAz({ "aks command invoke": { exitCode: 0, logs: "STATUS: deployed" } });

  await installPodIdentity(az, cluster);

  expect(calls).toEqual([
    `aks command invoke --subscription s --resource-group rg --name aks-sample --command ${helm}`,
  ]);
});

it("shows helm's message when it failed", async () => {
  const { az } = createFakeAz({ "aks command invoke": { exitCode: 1, logs: "Error: no access\n" } });

  await expect(installPodIdentity(az, cluster)).rejects.toThrow("Error: no access");
});
