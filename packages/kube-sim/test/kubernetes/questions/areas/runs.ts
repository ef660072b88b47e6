/** Pods, what makes them, and what is below them. */
import { type Area, apply, json, merge, object, paths, pod, statefulSet, strategic, table, template } from "./area.ts";

const { core, apps, batch } = paths("runs");
const pods = core("pods");
const jobs = batch("jobs");
const deployments = apps("deployments");
const job = (name: string, spec: object = {}, ofPods: object = { restartPolicy: "Never" }) =>
  object("batch/v1", "Job", name, { spec: { suspend: true, template: template(ofPods, {}), ...spec } });
const cron = (name: string, spec: object) =>
  object("batch/v1", "CronJob", name, {
    spec: {
      schedule: "0 0 1 1 *",
      suspend: true,
      jobTemplate: { spec: { template: template({ restartPolicy: "Never" }, {}) } },
      ...spec,
    },
  });
const deployment = (name: string, spec: object = {}) =>
  object("apps/v1", "Deployment", name, {
    spec: { replicas: 0, selector: { matchLabels: { app: "a" } }, template: template(), ...spec },
  });
const container = (rest: object) => ({ containers: [{ name: "main", image: "a", ...rest }] });
const nowhere = { nodeSelector: { none: "none" } };

export const runs: Area = {
  name: "runs",
  asked: [
    ["a pod without containers", "POST", pods, pod("p", { containers: [] })],
    ["a pod without a spec", "POST", pods, object("v1", "Pod", "p")],
    [
      "a pod of two containers of one name",
      "POST",
      pods,
      pod("p", {
        containers: [
          { name: "a", image: "a" },
          { name: "a", image: "b" },
        ],
      }),
    ],
    ["a pod without an image", "POST", pods, pod("p", { containers: [{ name: "a" }] })],
    ["a pod of a bad container's name", "POST", pods, pod("p", { containers: [{ name: "A_b", image: "a" }] })],
    ["a pod of an unknown policy of restarts", "POST", pods, pod("p", { restartPolicy: "Sometimes" })],
    ["a pod of an unknown policy of pulls", "POST", pods, pod("p", container({ imagePullPolicy: "Perhaps" }))],
    [
      "a pod of a bad port",
      "POST",
      pods,
      pod("p", container({ ports: [{ containerPort: 0 }, { containerPort: 70_000, protocol: "QUIC" }] })),
    ],
    [
      "a pod of a bad variable",
      "POST",
      pods,
      pod(
        "p",
        container({
          env: [
            { name: "", value: "x" },
            { name: "A=B", value: "x" },
          ],
        }),
      ),
    ],
    [
      "a pod of a variable from two places",
      "POST",
      pods,
      pod(
        "p",
        container({ env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
      ),
    ],
    [
      "a pod of a variable from a bad field",
      "POST",
      pods,
      pod("p", container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.x" } } }] })),
    ],
    [
      "a pod that mounts nothing",
      "POST",
      pods,
      pod("p", container({ volumeMounts: [{ name: "v", mountPath: "/v" }] })),
    ],
    [
      "a pod of a volume of two kinds",
      "POST",
      pods,
      pod("p", { volumes: [{ name: "v", emptyDir: {}, configMap: { name: "c" } }] }),
    ],
    [
      "a pod of requests above its limits",
      "POST",
      pods,
      pod("p", container({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } })),
    ],
    ["a pod of a bad quantity", "POST", pods, pod("p", container({ resources: { limits: { memory: "much" } } }))],
    ["a pod of a negative quantity", "POST", pods, pod("p", container({ resources: { limits: { memory: "-1" } } }))],
    ["a pod of an unknown resource", "POST", pods, pod("p", container({ resources: { limits: { gold: "1" } } }))],
    ["a pod of an account that is not there", "POST", pods, pod("p", { serviceAccountName: "nobody" })],
    ["a pod of a class that is not there", "POST", pods, pod("p", { priorityClassName: "urgent" })],
    ["a pod of a runtime that is not there", "POST", pods, pod("p", { runtimeClassName: "fast" })],
    ["a pod of a probe with nothing", "POST", pods, pod("p", container({ livenessProbe: {} }))],
    [
      "a pod of a probe with two ways",
      "POST",
      pods,
      pod("p", container({ readinessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 }, periodSeconds: -1 } })),
    ],
    [
      "a pod that is privileged and may not",
      "POST",
      pods,
      pod("p", container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } })),
    ],
    [
      "a pod of the host's ports",
      "POST",
      `${pods}?dryRun=All`,
      pod("p", { hostNetwork: true, ...container({ ports: [{ containerPort: 80 }] }) }),
    ],
    [
      "a pod of tolerations",
      "POST",
      pods,
      pod("p", {
        tolerations: [
          { operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 },
          { key: "a", operator: "Like" },
        ],
      }),
    ],
    [
      "a pod of affinities",
      "POST",
      pods,
      pod("p", {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      }),
    ],
    [
      "a pod of bad topology",
      "POST",
      pods,
      pod("p", { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "", whenUnsatisfiable: "Cry" }] }),
    ],
    ["a pod of a grace that is negative", "POST", pods, pod("p", { terminationGracePeriodSeconds: -3 })],
    ["a pod", "POST", pods, pod("p", nowhere)],
    ["its image", "PATCH", `${pods}/p?dryRun=All`, { spec: { containers: [{ name: "main", image: "b" }] } }, strategic],
    ["its account", "PATCH", `${pods}/p`, { spec: { serviceAccountName: "other" } }, merge],
    ["its deadline", "PATCH", `${pods}/p?dryRun=All`, { spec: { activeDeadlineSeconds: 5 } }, merge],
    ["its log", "GET", `${pods}/p/log?container=none`],
    ["its log, badly", "GET", `${pods}/p/log?tailLines=-1`],
    ["its log, both times", "GET", `${pods}/p/log?sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z`],
    [
      "its eviction",
      "POST",
      `${pods}/p/eviction?dryRun=All`,
      { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } },
    ],
    [
      "its eviction, of another",
      "POST",
      `${pods}/p/eviction`,
      { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "q" } },
    ],
    [
      "its binding, of nothing",
      "POST",
      `${pods}/p/binding`,
      { apiVersion: "v1", kind: "Binding", metadata: { name: "p" } },
    ],
    ["its terminal", "POST", `${pods}/none/exec?command=ls`],
    ["its port", "GET", `${pods}/none/portforward`],
    ["its proxy", "GET", `${pods}/none/proxy/x`],
    [
      "its status",
      "PATCH",
      `${pods}/p/status?dryRun=All`,
      { status: { message: "x" }, metadata: { labels: { a: "b" } } },
      merge,
    ],
    ["its gates", "PATCH", `${pods}/p`, { spec: { schedulingGates: [{ name: "a.example/b" }] } }, merge],
    ["a pod deleted at once", "DELETE", `${pods}/p?gracePeriodSeconds=0`],
    ["a job", "POST", jobs, job("j", { completions: 3, parallelism: 2 })],
    [
      "a job of a negative limit",
      "POST",
      jobs,
      job("k", { backoffLimit: -1, completions: -2, ttlSecondsAfterFinished: -3 }),
    ],
    ["a job that restarts", "POST", jobs, job("k", {}, {})],
    ["a job with an index and no number", "POST", jobs, job("k", { completionMode: "Indexed" })],
    ["a job of a selector of its own", "POST", jobs, job("k", { selector: { matchLabels: { a: "b" } } })],
    [
      "a job with a policy of failures",
      "POST",
      jobs,
      job("k", { podFailurePolicy: { rules: [{ action: "Cry", onExitCodes: { operator: "In", values: [0] } }] } }),
    ],
    ["a job's number", "PATCH", `${jobs}/j`, { spec: { completions: 4 } }, merge],
    [
      "a job's template",
      "PATCH",
      `${jobs}/j?dryRun=All`,
      { spec: { template: { spec: { containers: [{ name: "main", image: "z" }] } } } },
      strategic,
    ],
    ["a job of a manager", "POST", `${jobs}?dryRun=All`, job("m", { managedBy: "a.example/b" })],
    ["a cron job", "POST", batch("cronjobs"), cron("c", {})],
    ["a cron job of a bad schedule", "POST", batch("cronjobs"), cron("d", { schedule: "often" })],
    ["a cron job of a bad zone", "POST", batch("cronjobs"), cron("d", { timeZone: "Moon/Sea" })],
    [
      "a cron job of a bad policy",
      "POST",
      batch("cronjobs"),
      cron("d", { concurrencyPolicy: "Hope", successfulJobsHistoryLimit: -1 }),
    ],
    ["cron jobs as a table", "GET", batch("cronjobs"), undefined, table],
    ["a deployment", "POST", deployments, deployment("d")],
    ["a deployment of other labels", "POST", deployments, deployment("e", { selector: { matchLabels: { app: "z" } } })],
    ["a deployment without a selector", "POST", deployments, deployment("e", { selector: undefined })],
    ["a deployment of nothing", "POST", deployments, object("apps/v1", "Deployment", "e")],
    [
      "a deployment that surges not",
      "POST",
      deployments,
      deployment("e", { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    ],
    [
      "a deployment of a wrong strategy",
      "POST",
      deployments,
      deployment("e", { strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } }),
    ],
    ["a deployment's scale", "GET", `${deployments}/d/scale`],
    [
      "a deployment scaled",
      "PUT",
      `${deployments}/d/scale?dryRun=All`,
      {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "d", namespace: "area-runs" },
        spec: { replicas: 2 },
      },
    ],
    ["a deployment scaled badly", "PATCH", `${deployments}/d/scale`, { spec: { replicas: -1 } }, merge],
    [
      "a deployment scaled by JSON",
      "PATCH",
      `${deployments}/d/scale?dryRun=All`,
      [{ op: "replace", path: "/spec/replicas", value: 1 }],
      json,
    ],
    ["a deployment by its old group", "GET", "/apis/extensions/v1beta1/deployments"],
    ["a set applied", "PATCH", `${apps("statefulsets")}/s?fieldManager=m`, statefulSet("s"), apply],
    ["a set's status", "GET", `${apps("statefulsets")}/s/status`],
    [
      "a daemon set without a selector",
      "POST",
      apps("daemonsets"),
      object("apps/v1", "DaemonSet", "x", { spec: { template: template() } }),
    ],
    [
      "a replica set",
      "POST",
      `${apps("replicasets")}?dryRun=All`,
      object("apps/v1", "ReplicaSet", "x", {
        spec: { replicas: 1, selector: { matchLabels: { app: "a" } }, template: template() },
      }),
    ],
    [
      "a disruption budget of both",
      "POST",
      paths("runs").of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "x", {
        spec: { minAvailable: 1, maxUnavailable: "50%", selector: {} },
      }),
    ],
  ],
};
