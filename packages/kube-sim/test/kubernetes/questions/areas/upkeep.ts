/** What somebody does to objects that are there: small changes of many kinds, by every way there is. */
import {
  type Area,
  apply,
  as,
  configMap,
  json,
  merge,
  object,
  paths,
  pod,
  strategic,
  table,
  template,
} from "./area.ts";

const { core, apps, batch, network, of } = paths("upkeep");
const policy = of("apis/policy/v1")("poddisruptionbudgets");
const scalers = of("apis/autoscaling/v2")("horizontalpodautoscalers");
const service = (name: string, spec: object) => object("v1", "Service", name, { spec });
const deployment = (name: string, spec: object = {}) =>
  object("apps/v1", "Deployment", name, {
    spec: { replicas: 0, selector: { matchLabels: { app: "a" } }, template: template(), ...spec },
  });
const job = (name: string, spec: object = {}) =>
  object("batch/v1", "Job", name, {
    spec: { suspend: true, template: template({ restartPolicy: "Never" }, {}), ...spec },
  });
const env = (name: string, value: string) => ({ name, value });
const withEnv = (...list: object[]) => ({
  spec: { template: { spec: { containers: [{ name: "main", env: list }] } } },
});
const quiet = { nodeSelector: { none: "none" } };

export const upkeep: Area = {
  name: "upkeep",
  asked: [
    ["a deployment", "POST", `${apps("deployments")}?fieldManager=kubectl-create`, deployment("d")],
    ["its replicas as text", "PATCH", `${apps("deployments")}/d`, { spec: { replicas: "2" } }, merge],
    ["its paused state", "PATCH", `${apps("deployments")}/d?dryRun=All`, { spec: { paused: true } }, strategic],
    [
      "a variable more",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      withEnv(env("A", "1"), env("B", "2")),
      strategic,
    ],
    [
      "a variable twice",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      withEnv(env("A", "1"), env("A", "2")),
      strategic,
    ],
    [
      "its image by JSON",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "b:1" }],
      json,
    ],
    [
      "a container at a place that is not there",
      "PATCH",
      `${apps("deployments")}/d`,
      [{ op: "replace", path: "/spec/template/spec/containers/3/image", value: "b:1" }],
      json,
    ],
    [
      "a restart",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      {
        spec: {
          template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" } } },
        },
      },
      strategic,
    ],
    [
      "a strategy that keys retain",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
      strategic,
    ],
    [
      "a recreation with its rolling update left",
      "PATCH",
      `${apps("deployments")}/d`,
      { spec: { strategy: { type: "Recreate" } } },
      merge,
    ],
    [
      "its labels of the template",
      "PATCH",
      `${apps("deployments")}/d`,
      { spec: { template: { metadata: { labels: { app: "b" } } } } },
      merge,
    ],
    [
      "its selector",
      "PATCH",
      `${apps("deployments")}/d`,
      { spec: { selector: { matchLabels: { more: "x" } } } },
      merge,
    ],
    ["applied over", "PATCH", `${apps("deployments")}/d?fieldManager=team`, deployment("d", { replicas: 3 }), apply],
    [
      "applied over by force",
      "PATCH",
      `${apps("deployments")}/d?fieldManager=team&force=true&dryRun=All`,
      deployment("d", { replicas: 0, minReadySeconds: 5 }),
      apply,
    ],
    [
      "applied in part",
      "PATCH",
      `${apps("deployments")}/d?fieldManager=part&dryRun=All`,
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" }, spec: { minReadySeconds: 3 } },
      apply,
    ],
    [
      "a container applied without an image",
      "PATCH",
      `${apps("deployments")}/d?fieldManager=part`,
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d" },
        spec: { template: { spec: { containers: [{ name: "other" }] } } },
      },
      apply,
    ],
    [
      "a container applied without a name",
      "PATCH",
      `${apps("deployments")}/d?fieldManager=part`,
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d" },
        spec: { template: { spec: { containers: [{ image: "x" }] } } },
      },
      apply,
    ],
    [
      "its status applied",
      "PATCH",
      `${apps("deployments")}/d/status?fieldManager=ctl&dryRun=All`,
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d" },
        status: { conditions: [{ type: "Custom", status: "True" }] },
      },
      apply,
    ],
    [
      "its scale by the wrong version",
      "PUT",
      `${apps("deployments")}/d/scale`,
      { apiVersion: "autoscaling/v2", kind: "Scale", metadata: { name: "d" }, spec: { replicas: 1 } },
    ],
    [
      "its scale of another namespace",
      "PUT",
      `${apps("deployments")}/d/scale`,
      { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "d", namespace: "x" }, spec: { replicas: 1 } },
    ],
    [
      "its scale with an old version",
      "PUT",
      `${apps("deployments")}/d/scale`,
      {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "d", resourceVersion: "1" },
        spec: { replicas: 1 },
      },
    ],
    [
      "an unknown field by a strict patch",
      "PATCH",
      `${apps("deployments")}/d?fieldValidation=Strict`,
      { spec: { replica: 1 } },
      strategic,
    ],
    [
      "an unknown field by an apply that ignores",
      "PATCH",
      `${apps("deployments")}/d?fieldManager=x&fieldValidation=Ignore`,
      { ...deployment("d"), oops: 1 },
      apply,
    ],
    [
      "a service",
      "POST",
      core("services"),
      service("s", {
        clusterIP: "None",
        selector: { app: "a" },
        ports: [{ name: "http", port: 80, targetPort: "http" }],
      }),
    ],
    ["its port more", "PATCH", `${core("services")}/s`, { spec: { ports: [{ name: "tls", port: 443 }] } }, strategic],
    ["its port without a name", "PATCH", `${core("services")}/s`, { spec: { ports: [{ port: 9000 }] } }, strategic],
    [
      "its port removed",
      "PATCH",
      `${core("services")}/s?dryRun=All`,
      { spec: { ports: [{ port: 443, $patch: "delete" }] } },
      strategic,
    ],
    ["its head", "PATCH", `${core("services")}/s`, { spec: { clusterIP: "10.0.0.9" } }, merge],
    [
      "its type",
      "PATCH",
      `${core("services")}/s?dryRun=All`,
      { spec: { type: "ExternalName", externalName: "a.example" } },
      merge,
    ],
    [
      "its status",
      "PATCH",
      `${core("services")}/s/status?dryRun=All`,
      { status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } },
      merge,
    ],
    [
      "applied ports of one number twice",
      "PATCH",
      `${core("services")}/two?fieldManager=m&dryRun=All`,
      service("two", {
        clusterIP: "None",
        ports: [
          { name: "t", port: 53, protocol: "TCP" },
          { name: "u", port: 53, protocol: "UDP" },
        ],
      }),
      apply,
    ],
    ["a job that runs", "POST", batch("jobs"), job("j", { parallelism: 2, completions: 4, activeDeadlineSeconds: 60 })],
    ["its parallelism", "PATCH", `${batch("jobs")}/j?dryRun=All`, { spec: { parallelism: 3 } }, merge],
    ["its deadline taken", "PATCH", `${batch("jobs")}/j?dryRun=All`, { spec: { activeDeadlineSeconds: null } }, merge],
    ["its deadline of zero", "PATCH", `${batch("jobs")}/j`, { spec: { activeDeadlineSeconds: 0 } }, merge],
    ["its mode", "PATCH", `${batch("jobs")}/j`, { spec: { completionMode: "Indexed" } }, merge],
    [
      "its selector, changed",
      "PATCH",
      `${batch("jobs")}/j`,
      { spec: { selector: { matchLabels: { x: "y" } } } },
      merge,
    ],
    [
      "a job of too many",
      "POST",
      batch("jobs"),
      job("k", { completionMode: "Indexed", completions: 2, parallelism: 200_000 }),
    ],
    ["a job with a limit per index", "POST", batch("jobs"), job("k", { backoffLimitPerIndex: 1 })],
    [
      "a job with a policy of success",
      "POST",
      batch("jobs"),
      job("k", { successPolicy: { rules: [{ succeededCount: 1 }] } }),
    ],
    [
      "a schedule",
      "POST",
      batch("cronjobs"),
      object("batch/v1", "CronJob", "c", {
        spec: {
          schedule: "*/5 * * * *",
          suspend: true,
          jobTemplate: { spec: { template: template({ restartPolicy: "OnFailure" }, {}) } },
        },
      }),
    ],
    ["its schedule", "PATCH", `${batch("cronjobs")}/c`, { spec: { schedule: "61 * * * *" } }, merge],
    ["its zone", "PATCH", `${batch("cronjobs")}/c?dryRun=All`, { spec: { timeZone: "Europe/Berlin" } }, merge],
    [
      "its pods' policy",
      "PATCH",
      `${batch("cronjobs")}/c`,
      { spec: { jobTemplate: { spec: { template: { spec: { restartPolicy: "Always" } } } } } },
      merge,
    ],
    [
      "an ingress",
      "POST",
      network("ingresses"),
      object("networking.k8s.io/v1", "Ingress", "i", {
        spec: { defaultBackend: { service: { name: "s", port: { name: "http" } } } },
      }),
    ],
    [
      "its hosts",
      "PATCH",
      `${network("ingresses")}/i`,
      { spec: { tls: [{ hosts: ["UPPER.example"], secretName: "x_y" }] } },
      merge,
    ],
    [
      "its class twice",
      "PATCH",
      `${network("ingresses")}/i?dryRun=All`,
      { metadata: { annotations: { "kubernetes.io/ingress.class": "a" } }, spec: { ingressClassName: "b" } },
      merge,
    ],
    [
      "a budget",
      "POST",
      policy,
      object("policy/v1", "PodDisruptionBudget", "b", {
        spec: { minAvailable: "50%", selector: { matchLabels: { app: "a" } } },
      }),
    ],
    ["its other bound", "PATCH", `${policy}/b`, { spec: { maxUnavailable: 1 } }, merge],
    ["its bound in words", "PATCH", `${policy}/b`, { spec: { minAvailable: "half" } }, merge],
    [
      "an autoscaler",
      "POST",
      scalers,
      object("autoscaling/v2", "HorizontalPodAutoscaler", "h", {
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } },
      }),
    ],
    ["its least above its most", "PATCH", `${scalers}/h`, { spec: { minReplicas: 9 } }, merge],
    ["its metrics", "PATCH", `${scalers}/h`, { spec: { metrics: [{ type: "Pods" }] } }, merge],
    ["it by the first version", "GET", `${of("apis/autoscaling/v1")("horizontalpodautoscalers")}/h`],
    [
      "a claim",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "v", {
        spec: { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } } },
      }),
    ],
    [
      "its size",
      "PATCH",
      `${core("persistentvolumeclaims")}/v`,
      { spec: { resources: { requests: { storage: "2Gi" } } } },
      merge,
    ],
    [
      "its modes",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "w", {
        spec: { accessModes: ["ReadOften"], resources: { requests: { storage: "0" } } },
      }),
    ],
    ["a claim as a table", "GET", `${core("persistentvolumeclaims")}/v`, undefined, table],
    ["a pod that stays", "POST", core("pods"), pod("p", quiet, { labels: { app: "a" } })],
    [
      "its labels replaced",
      "PATCH",
      `${core("pods")}/p`,
      { metadata: { labels: { $patch: "replace", only: "1" } } },
      strategic,
    ],
    [
      "a toleration more",
      "PATCH",
      `${core("pods")}/p?dryRun=All`,
      { spec: { tolerations: [{ key: "a", operator: "Exists" }] } },
      strategic,
    ],
    ["its tolerations taken", "PATCH", `${core("pods")}/p`, { spec: { tolerations: null } }, merge],
    [
      "a container more",
      "PATCH",
      `${core("pods")}/p`,
      [{ op: "add", path: "/spec/containers/-", value: { name: "n", image: "n" } }],
      json,
    ],
    ["its node", "PATCH", `${core("pods")}/p`, { spec: { nodeName: "n" } }, merge],
    [
      "its resources, resized",
      "PATCH",
      `${core("pods")}/p`,
      { spec: { containers: [{ name: "main", resources: { limits: { cpu: "1" } } }] } },
      strategic,
    ],
    [
      "bound to a node that is not there",
      "POST",
      `${core("pods")}/p/binding?dryRun=All`,
      { apiVersion: "v1", kind: "Binding", metadata: { name: "p" }, target: { kind: "Node", name: "far" } },
    ],
    [
      "evicted by an old version",
      "POST",
      `${core("pods")}/p/eviction?dryRun=All`,
      { apiVersion: "policy/v1beta1", kind: "Eviction", metadata: { name: "p" } },
    ],
    ["deleted with a uid", "DELETE", `${core("pods")}/p`, { preconditions: { uid: "x" } }],
    ["pods deleted by a label", "DELETE", `${core("pods")}?labelSelector=only%3D1&gracePeriodSeconds=0`],
    [
      "a map, edited",
      "POST",
      `${core("configmaps")}?fieldManager=kubectl-client-side-apply`,
      configMap(
        "m",
        { data: { a: "1" } },
        {
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration":
              '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"m"}}',
          },
        },
      ),
    ],
    [
      "applied by kubectl on the server",
      "PATCH",
      `${core("configmaps")}/m?fieldManager=kubectl`,
      configMap("m", { data: { b: "2" } }),
      apply,
    ],
    ["binary data", "PATCH", `${core("configmaps")}/m`, { binaryData: { c: "not base64!" } }, merge],
    ["a key that is too long", "PATCH", `${core("configmaps")}/m`, { data: { ["k".repeat(254)]: "1" } }, merge],
    ["a key of dots", "PATCH", `${core("configmaps")}/m`, { data: { "..": "1", "..a": "2" } }, merge],
    ["by a reader", "PATCH", `${core("configmaps")}/m`, { data: {} }, { ...merge, ...as("reader") }],
    ["everything, deleted dryly", "DELETE", `${core("configmaps")}?dryRun=All&fieldSelector=metadata.name%3Dm`],
    [
      "a template of pods",
      "POST",
      core("podtemplates"),
      { apiVersion: "v1", kind: "PodTemplate", metadata: { name: "t" }, template: template({ containers: [] }) },
    ],
    [
      "a controller",
      "POST",
      core("replicationcontrollers"),
      object("v1", "ReplicationController", "r", { spec: { replicas: 0, selector: { a: "b" }, template: template() } }),
    ],
  ],
};
