import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { besideManaged, isSameField, managedFields } from "../../../src/domain/profiles/managed.ts";

const profiles = Catalog.shape.profiles.parse({
  whole: {
    quota: { cpu: 2, "limits.cpu": "1500m", "requests.memory": "8192Mi", "limits.memory": "9Gi", pods: 5 },
    limits: { container: { max: { cpu: 4 } } },
    podSecurity: { enforce: "baseline", version: "v1.30" },
    network: {},
  },
  odd: { quota: { "requests.memory": "8M", "limits.memory": "1025", "requests.cpu": "0.25" } },
  alone: { quota: { memory: "1Mi" }, network: { within: false } },
});

const of = (name: string) => {
  const profile = profiles[name];
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
};

it("holds amounts in the forms that Azure takes, a default for the network, and labels", () => {
  expect(managedFields(of("whole"))).toEqual({
    defaultResourceQuota: { cpuRequest: "2000m", cpuLimit: "1500m", memoryRequest: "8Gi", memoryLimit: "9Gi" },
    defaultNetworkPolicy: { ingress: "AllowSameNamespace", egress: "AllowSameNamespace" },
    labels: { "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30" },
  });
  expect(besideManaged(of("whole"))).toMatchObject({ quota: { pods: 5 }, network: {}, limits: {} });
  expect(managedFields(of("alone"))).toMatchObject({
    defaultResourceQuota: { memoryRequest: "1Mi" },
    defaultNetworkPolicy: { ingress: "DenyAll", egress: "DenyAll" },
  });
  expect(besideManaged(of("alone"))).not.toHaveProperty("quota");
});

it("leaves memory that is no power of two to a quota in the cluster", () => {
  expect(managedFields(of("odd")).defaultResourceQuota).toEqual({ cpuRequest: "250m" });
  expect(besideManaged(of("odd")).quota).toEqual({ "requests.memory": "8M", "limits.memory": "1025" });
});

it("takes an amount in another form for the same", () => {
  expect(isSameField("defaultResourceQuota", "1000m", "1")).toBe(true);
  expect(isSameField("defaultResourceQuota", "1024Mi", "1Gi")).toBe(true);
  expect(isSameField("defaultResourceQuota", "1", "2")).toBe(false);
  expect(isSameField("labels", "1000m", "1")).toBe(false);
});
