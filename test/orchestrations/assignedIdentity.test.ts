/** aad-pod-identity lets an identity go some time after its binding is gone; until then the identity must not be deleted. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  identityMode: "podIdentity",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(request);
const assignedKey = "aadpodidentity.k8s.io/v1 AzureAssignedIdentity default/node";
const assigned: KubernetesObject = {
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureAssignedIdentity",
  metadata: { name: "node", namespace: "default" },
  spec: { azureIdentityRef: { metadata: { name, namespace: "team-a" } } },
};

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let looks: number;
/** Whether a node still had the identity when it was deleted. */
let wasAssigned: boolean | undefined;
let fails: (what: string) => Error | undefined;

beforeEach(async () => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  looks = 0;
  wasAssigned = undefined;
  fails = () => undefined;
  // The node lets it go between the first look and the second.
  const { kubernetes } = cloud.ports;
  const list: Ports["kubernetes"]["list"] = async (cluster, query) => {
    const found = await kubernetes.list(cluster, query);
    if (query.kind === assigned.kind) {
      looks += 1;
      cloud.objects.delete(assignedKey);
    }
    return found;
  };
  providePorts({ ...cloud.ports, kubernetes: { ...kubernetes, list } });
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
  cloud.objects.set(assignedKey, assigned);
  cloud.onWrite = ({ what, when }) => {
    if (what === "remove identity") wasAssigned = cloud.objects.has(assignedKey);
    const error = when === "after" ? fails(what) : undefined;
    if (error) throw error;
  };
});

async function offboard() {
  const { operation } = await acceptOffboarding(acceptance, request);
  await acceptance.run();
  return cloud.operations.get(operation)?.status;
}

it("waits after it has removed what assigns the identity", async () => {
  expect(await offboard()).toBe("Succeeded");

  expect({ looks, wasAssigned }).toEqual({ looks: 2, wasAssigned: false });
});

it("waits also in the attempt after the one that has removed it", async () => {
  let isLost = false;
  fails = (what) => {
    if (what !== "remove AzureIdentity" || isLost) return undefined;
    isLost = true;
    return new TransientError("CLUSTER_UNREACHABLE", "no answer came");
  };

  expect(await offboard()).toBe("Succeeded");

  expect({ isLost, looks, wasAssigned }).toEqual({ isLost: true, looks: 2, wasAssigned: false });
});

it("waits also when an earlier operation has removed it", async () => {
  fails = (what) =>
    what === "remove AzureIdentity" ? new PermanentError("KUBERNETES_FORBIDDEN", "it is refused") : undefined;
  expect(await offboard()).toBe("Failed");

  expect(await offboard()).toBe("Succeeded");

  expect({ looks, wasAssigned }).toEqual({ looks: 2, wasAssigned: false });
});

it("does not wait for an AzureIdentity of others, which stays assigned", async () => {
  for (const [key, object] of cloud.objects) {
    if (!object.kind.startsWith("AzureIdentity")) continue;
    cloud.objects.set(key, { ...object, metadata: { ...object.metadata, uid: "theirs", labels: {}, annotations: {} } });
  }

  expect(await offboard()).toBe("Succeeded");

  expect(looks).toBe(0);
});
