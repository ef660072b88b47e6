/** What areas find when they begin: limits that are known to the API server, pods, a policy that is in force. */
import type { PolicyRule } from "azure-sim/world";
import { eventually, type TestCluster } from "../../cluster.ts";
import { configMap } from "./area.ts";
import { berthDefinition } from "./berths.ts";
import { definition, definitions } from "./customKinds.ts";
import { hullDefinitions } from "./hulls.ts";
import { areas } from "./index.ts";

/** May read config maps, and give roles that do no more. */
export const granterRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["create", "patch"] },
];

export const namespacesOfAreas: readonly string[] = [
  ...areas.map(({ name }) => `area-${name}`),
  ...["area-quota", "area-restricted", "area-baseline", "area-guarded"],
];

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

export async function prepareAreas(cluster: TestCluster): Promise<void> {
  const { simulator, objects } = cluster;
  const hard = { configmaps: "1", "requests.cpu": "2", "limits.cpu": "2" };
  await objects.create({
    ...{ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "area-quota" } },
    ...{ spec: { hard } },
  } as object);
  for (const body of [definition(), berthDefinition, ...hullDefinitions]) {
    const { status, text } = await cluster.request("POST", definitions, { body });
    if (status !== 201) throw new Error(text);
  }
  for (const level of ["restricted", "baseline"]) {
    const labels = { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level };
    await objects.patch({ apiVersion: "v1", kind: "Namespace", metadata: { name: `area-${level}`, labels } });
  }
  await eventually(async () => {
    const quota = await simulator.objects.get("v1", "ResourceQuota", "q", "area-quota");
    return quota?.["status"] === undefined
      ? undefined
      : JSON.stringify(quota["status"]).includes('"used"') || undefined;
  });
  const served = [
    "custom.example/v1/toys",
    "port.example/v1/berths",
    "hull.example/v1/hulls",
    "hull.example/v1/ribs",
    "hull.example/v1/spars",
  ];
  for (const path of served) {
    await eventually(async () => ((await serves(cluster, `/apis/${path}`)) ? true : undefined));
  }
  // Until the API server has read them.
  await eventually(async () => ((await refuses(cluster, "area-guarded", guarded)) ? true : undefined));
  await eventually(async () => ((await refuses(cluster, "area-quota", configMap("more"))) ? true : undefined));
}

const guarded = configMap("probe", {}, { labels: { guarded: "yes" } });

async function refuses({ request }: TestCluster, namespace: string, body: object): Promise<boolean> {
  const { status } = await request("POST", `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, { body });
  return status >= 400;
}

async function serves({ request }: TestCluster, path: string): Promise<boolean> {
  return (await request("GET", path)).status === 200;
}
