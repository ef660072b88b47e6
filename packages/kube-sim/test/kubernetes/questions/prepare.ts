/** What areas find when they begin: limits that are known to the API server, definitions, a policy that is in force. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyRule } from "azure-sim/world";
import { eventually, type TestCluster } from "../cluster.ts";

/** May read config maps, and give roles that do no more. */
export const granterRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["create", "patch"] },
];

const prepared = JSON.parse(readFileSync(join(import.meta.dirname, "prepared.json"), "utf8")) as {
  readonly namespaces: readonly string[];
  readonly definitions: readonly object[];
};
export const namespacesOfAreas = prepared.namespaces;

const policyVersion = "admissionregistration.k8s.io/v1";

/** Refuses config maps that are labelled so. */
export const policies: readonly unknown[] = [
  {
    ...{ apiVersion: policyVersion, kind: "ValidatingAdmissionPolicy", metadata: { name: "area-guard" } },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE"] }],
      },
      validations: [
        { expression: "!has(object.metadata.labels) || !('guarded' in object.metadata.labels)", message: "not here" },
      ],
    },
  },
  {
    ...{ apiVersion: policyVersion, kind: "ValidatingAdmissionPolicyBinding", metadata: { name: "area-guard" } },
    spec: { policyName: "area-guard", validationActions: ["Deny"] },
  },
];

const configMap = (name: string, labels: object = {}) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels } },
});

export async function prepareAreas({ simulator, objects, request }: TestCluster): Promise<void> {
  const hard = { configmaps: "1", "requests.cpu": "2", "limits.cpu": "2" };
  await objects.create({
    ...{ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "area-quota" } },
    ...{ spec: { hard } },
  } as object);
  for (const body of prepared.definitions) {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const { status, text } = await request("POST", path, { body });
    if (status !== 201) throw new Error(text);
  }
  for (const level of ["restricted", "baseline"]) {
    const labels = { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level };
    await objects.patch({ apiVersion: "v1", kind: "Namespace", metadata: { name: `area-${level}`, labels } });
  }
  const isTrue = (look: () => Promise<boolean>) => eventually(async () => ((await look()) ? true : undefined));
  const refuses = async (namespace: string, body: object) =>
    (await request("POST", `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, { body })).status >= 400;
  await isTrue(async () => {
    const quota = await simulator.objects.get("v1", "ResourceQuota", "q", "area-quota");
    return JSON.stringify(quota?.["status"] ?? {}).includes('"used"');
  });
  for (const path of ["custom.example/v1/toys", "port.example/v1/berths", ...hulls]) {
    await isTrue(async () => (await request("GET", `/apis/${path}`)).status === 200);
  }
  // Until the API server has read them.
  await isTrue(() => refuses("area-guarded", configMap("probe", { guarded: "yes" })));
  await isTrue(() => refuses("area-quota", configMap("more")));
}

const hulls = ["hulls", "ribs", "spars"].map((plural) => `hull.example/v1/${plural}`);
