/** Pods and what makes them: what they get by default, and what is refused of them, several things at once too. */
import { type Area, json, merge, object, paths, pod, strategic, table, template } from "./area.ts";

const { core, apps, batch } = paths("workloads");
const dry = (path: string) => `${path}?dryRun=All`;
const pods = core("pods");
const container = (rest: object) => ({ containers: [{ name: "c", image: "i", ...rest }] });
const selector = { matchLabels: { app: "a" } };
const deployment = (spec: object, name = "x") =>
  object("apps/v1", "Deployment", name, { spec: { selector, template: template(), ...spec } });
const of = (kind: string, spec: object, name = "x") =>
  object("apps/v1", kind, name, { spec: { selector, template: template(), ...spec } });
const once = { restartPolicy: "Never" };
const job = (spec: object, name = "x") =>
  object("batch/v1", "Job", name, {
    spec: { suspend: true, template: { spec: { ...once, ...container({}) } }, ...spec },
  });
const cronJob = (spec: object, name = "x") =>
  object("batch/v1", "CronJob", name, {
    spec: {
      schedule: "0 0 * * *",
      jobTemplate: { spec: { template: { spec: { ...once, ...container({}) } } } },
      ...spec,
    },
  });
const probe = (rest: object) => container({ readinessProbe: rest });
const volumes = (...list: object[]) => ({ volumes: list });

export const workloads: Area = {
  name: "workloads",
  asked: [
    [
      "a pod with a probe",
      "POST",
      dry(pods),
      pod("x", { automountServiceAccountToken: false, ...probe({ httpGet: { port: 80 } }) }),
    ],
    [
      "a pod with a probe of gRPC and one of a command",
      "POST",
      dry(pods),
      pod("x", container({ livenessProbe: { grpc: { port: 5 } }, startupProbe: { exec: { command: ["a"] } } })),
    ],
    ["a probe of nothing", "POST", dry(pods), pod("x", probe({ periodSeconds: 3 }))],
    ["a probe of two things", "POST", dry(pods), pod("x", probe({ httpGet: { port: 80 }, exec: { command: ["a"] } }))],
    [
      "a probe with negative numbers",
      "POST",
      dry(pods),
      pod("x", probe({ tcpSocket: { port: 80 }, periodSeconds: -1, timeoutSeconds: -1 })),
    ],
    [
      "a probe of liveness that succeeds twice",
      "POST",
      dry(pods),
      pod("x", container({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } })),
    ],
    ["a probe at a bad port's name", "POST", dry(pods), pod("x", probe({ tcpSocket: { port: "-bad-" } }))],
    [
      "a pod of two containers without names",
      "POST",
      dry(pods),
      pod("x", { containers: [{ image: "a" }, { image: "b" }] }),
    ],
    [
      "a pod with a name of a container that is too long",
      "POST",
      dry(pods),
      pod("x", { containers: [{ name: "c".repeat(64), image: "i" }] }),
    ],
    ["a pod with a space in its image", "POST", dry(pods), pod("x", container({ image: " i" }))],
    [
      "a pod with two ports of one name",
      "POST",
      dry(pods),
      pod(
        "x",
        container({
          ports: [
            { name: "p", containerPort: 1 },
            { name: "p", containerPort: 2 },
          ],
        }),
      ),
    ],
    [
      "a pod with a bad protocol",
      "POST",
      dry(pods),
      pod("x", container({ ports: [{ containerPort: 1, protocol: "ICMP" }] })),
    ],
    [
      "a pod with a port's bad name",
      "POST",
      dry(pods),
      pod("x", container({ ports: [{ name: "A_PORT_NAME_TOO_LONG", containerPort: 1 }] })),
    ],
    [
      "a pod with a port of the host twice",
      "POST",
      dry(pods),
      pod("x", {
        containers: [
          {
            name: "c",
            image: "i",
            ports: [
              { containerPort: 1, hostPort: 9 },
              { containerPort: 2, hostPort: 9 },
            ],
          },
        ],
      }),
    ],
    [
      "a pod on the host's network with other ports",
      "POST",
      dry(pods),
      pod("x", { hostNetwork: true, ...container({ ports: [{ containerPort: 1, hostPort: 9 }] }) }),
    ],
    [
      "a variable of a value and a source",
      "POST",
      dry(pods),
      pod(
        "x",
        container({ env: [{ name: "A", value: "1", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
      ),
    ],
    [
      "a variable of an unknown field",
      "POST",
      dry(pods),
      pod("x", container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.none" } } }] })),
    ],
    [
      "a variable of a secret without a key",
      "POST",
      dry(pods),
      pod("x", container({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s" } } }] })),
    ],
    ["a variable of nothing", "POST", dry(pods), pod("x", container({ env: [{ name: "A", valueFrom: {} }] }))],
    ["variables from nothing", "POST", dry(pods), pod("x", container({ envFrom: [{}] }))],
    [
      "variables from a config map",
      "POST",
      dry(pods),
      pod("x", container({ envFrom: [{ prefix: "P_", configMapRef: { name: "m" } }] })),
    ],
    ["a volume twice", "POST", dry(pods), pod("x", volumes({ name: "v", emptyDir: {} }, { name: "v", emptyDir: {} }))],
    [
      "a volume of two kinds",
      "POST",
      dry(pods),
      pod("x", volumes({ name: "v", emptyDir: {}, hostPath: { path: "/" } })),
    ],
    ["a volume without a name", "POST", dry(pods), pod("x", volumes({ emptyDir: {} }))],
    ["a volume of a config map without its name", "POST", dry(pods), pod("x", volumes({ name: "v", configMap: {} }))],
    [
      "a volume of a secret",
      "POST",
      dry(pods),
      pod("x", volumes({ name: "v", secret: { secretName: "s", items: [{ key: "k", path: "../p" }] } })),
    ],
    [
      "a volume of a claim without its name",
      "POST",
      dry(pods),
      pod("x", volumes({ name: "v", persistentVolumeClaim: {} })),
    ],
    [
      "a volume of the host at an odd path",
      "POST",
      dry(pods),
      pod("x", volumes({ name: "v", hostPath: { path: "/a/../b", type: "Thing" } })),
    ],
    [
      "a mount without a path",
      "POST",
      dry(pods),
      pod("x", { ...volumes({ name: "v", emptyDir: {} }), ...container({ volumeMounts: [{ name: "v" }] }) }),
    ],
    [
      "two mounts at one path",
      "POST",
      dry(pods),
      pod("x", {
        ...volumes({ name: "v", emptyDir: {} }),
        ...container({
          volumeMounts: [
            { name: "v", mountPath: "/a" },
            { name: "v", mountPath: "/a" },
          ],
        }),
      }),
    ],
    ["amounts that are none", "POST", dry(pods), pod("x", container({ resources: { limits: { cpu: "much" } } }))],
    ["amounts below zero", "POST", dry(pods), pod("x", container({ resources: { limits: { cpu: "-1" } } }))],
    [
      "amounts of something unknown",
      "POST",
      dry(pods),
      pod("x", container({ resources: { limits: { wishes: "1" } } })),
    ],
    [
      "amounts of devices, asked for without a limit",
      "POST",
      dry(pods),
      pod("x", container({ resources: { requests: { "example.com/gpu": "1" } } })),
    ],
    [
      "amounts of part of a device",
      "POST",
      dry(pods),
      pod("x", container({ resources: { limits: { "example.com/gpu": "500m" } } })),
    ],
    [
      "a security context of both",
      "POST",
      dry(pods),
      pod("x", container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } })),
    ],
    ["a user below zero", "POST", dry(pods), pod("x", { securityContext: { runAsUser: -1, fsGroup: -2 } })],
    [
      "seccomp of an unknown type",
      "POST",
      dry(pods),
      pod("x", { securityContext: { seccompProfile: { type: "Some" } } }),
    ],
    [
      "seccomp without its profile",
      "POST",
      dry(pods),
      pod("x", { securityContext: { seccompProfile: { type: "Localhost" } } }),
    ],
    ["a toleration without a key", "POST", dry(pods), pod("x", { tolerations: [{ operator: "Equal", value: "x" }] })],
    [
      "a toleration with an unknown effect",
      "POST",
      dry(pods),
      pod("x", { tolerations: [{ key: "a", effect: "Never" }] }),
    ],
    ["a node selector with a bad value", "POST", dry(pods), pod("x", { nodeSelector: { a: "b c" } })],
    [
      "affinity without terms",
      "POST",
      dry(pods),
      pod("x", {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      }),
    ],
    [
      "a spread without its key",
      "POST",
      dry(pods),
      pod("x", { topologySpreadConstraints: [{ maxSkew: 0, whenUnsatisfiable: "Maybe" }] }),
    ],
    ["names of the DNS that are none", "POST", dry(pods), pod("x", { dnsPolicy: "None" })],
    ["an unknown policy of the DNS", "POST", dry(pods), pod("x", { dnsPolicy: "Sometimes", restartPolicy: "Perhaps" })],
    ["a bad host name", "POST", dry(pods), pod("x", { hostname: "A_b", subdomain: "c.d" })],
    ["an alias of no address", "POST", dry(pods), pod("x", { hostAliases: [{ ip: "x", hostnames: ["a"] }] })],
    ["a secret for images without a name", "POST", dry(pods), pod("x", { imagePullSecrets: [{}] })],
    ["a node that is a bad name", "POST", dry(pods), pod("x", { nodeName: "Not_Good" })],
    ["a readiness gate that is bad", "POST", dry(pods), pod("x", { readinessGates: [{ conditionType: "a b" }] })],
    ["a pod of the system's priority", "POST", dry(pods), pod("x", { priorityClassName: "system-cluster-critical" })],
    ["a pod with a priority of its own", "POST", dry(pods), pod("x", { priority: 5 })],
    [
      "an init container that goes on",
      "POST",
      dry(pods),
      pod("x", { initContainers: [{ name: "i", image: "i", restartPolicy: "Always" }] }),
    ],
    [
      "an init container with a probe",
      "POST",
      dry(pods),
      pod("x", { initContainers: [{ name: "i", image: "i", readinessProbe: { tcpSocket: { port: 1 } } }] }),
    ],
    [
      "an init container of a container's name",
      "POST",
      dry(pods),
      pod("x", { initContainers: [{ name: "main", image: "i" }] }),
    ],
    [
      "containers for debugging at once",
      "POST",
      dry(pods),
      pod("x", { ephemeralContainers: [{ name: "d", image: "i" }] }),
    ],
    [
      "a hook of two kinds",
      "POST",
      dry(pods),
      pod("x", container({ lifecycle: { preStop: { exec: { command: ["a"] }, httpGet: { port: 1 } } } })),
    ],
    ["a grace below zero", "POST", dry(pods), pod("x", { terminationGracePeriodSeconds: -1 })],
    ["an operating system that is unknown", "POST", dry(pods), pod("x", { os: { name: "plan9" } })],
    ["a gate of scheduling", "POST", dry(pods), pod("x", { schedulingGates: [{ name: "a.example/b" }] })],
    [
      "a gate of scheduling on a node",
      "POST",
      dry(pods),
      pod("x", { nodeName: "n", schedulingGates: [{ name: "a.example/b" }] }),
    ],
    ["a pod without a spec", "POST", dry(pods), object("v1", "Pod", "x")],
    ["a pod of another namespace's account", "POST", dry(pods), pod("x", { serviceAccountName: "Bad Name" })],
    ["a pod", "POST", pods, pod("a", { nodeName: "nowhere", automountServiceAccountToken: false })],
    [
      "a pod's tolerations",
      "PATCH",
      `${pods}/a?dryRun=All`,
      { spec: { tolerations: [{ key: "z", operator: "Exists" }] } },
      strategic,
    ],
    [
      "a pod's container more",
      "PATCH",
      `${pods}/a`,
      [{ op: "add", path: "/spec/containers/-", value: { name: "n", image: "i" } }],
      json,
    ],
    ["a pod's labels", "PATCH", `${pods}/a?dryRun=All`, { metadata: { labels: { l: "1" } } }, merge],
    [
      "a pod's status",
      "PATCH",
      `${pods}/a/status?dryRun=All`,
      { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      strategic,
    ],
    ["a pod as a table", "GET", `${pods}/a`, undefined, table],
    ["a deployment", "POST", dry(apps("deployments")), deployment({})],
    [
      "a deployment with a strategy",
      "POST",
      dry(apps("deployments")),
      deployment({ strategy: { rollingUpdate: { maxSurge: 2 } }, minReadySeconds: 5 }),
    ],
    [
      "a deployment that never moves",
      "POST",
      dry(apps("deployments")),
      deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    ],
    [
      "a deployment with bad percents",
      "POST",
      dry(apps("deployments")),
      deployment({ strategy: { rollingUpdate: { maxSurge: "x", maxUnavailable: "200%" } } }),
    ],
    [
      "a deployment with many negative numbers",
      "POST",
      dry(apps("deployments")),
      deployment({ replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1 }),
    ],
    [
      "a deployment with a short deadline",
      "POST",
      dry(apps("deployments")),
      deployment({ minReadySeconds: 10, progressDeadlineSeconds: 5 }),
    ],
    [
      "a deployment with a bad selector",
      "POST",
      dry(apps("deployments")),
      deployment({ selector: { matchExpressions: [{ key: "app", operator: "In" }] } }),
    ],
    [
      "a deployment with an unknown operator",
      "POST",
      dry(apps("deployments")),
      deployment({ selector: { matchExpressions: [{ key: "app", operator: "Like", values: ["a"] }] } }),
    ],
    [
      "a deployment without a template",
      "POST",
      dry(apps("deployments")),
      object("apps/v1", "Deployment", "x", { spec: { selector } }),
    ],
    [
      "a deployment of two bad containers",
      "POST",
      dry(apps("deployments")),
      deployment({ template: template({ containers: [{ name: "A" }, {}] }) }),
    ],
    [
      "a deployment with a bad label in its template",
      "POST",
      dry(apps("deployments")),
      deployment({ template: template({}, { labels: { app: "a", b: "-" } }) }),
    ],
    ["a deployment that is paused", "POST", apps("deployments"), deployment({ paused: true, replicas: 0 }, "a")],
    [
      "a deployment's selector",
      "PATCH",
      apps("deployments/a"),
      { spec: { selector: { matchLabels: { app: "b" } } } },
      merge,
    ],
    [
      "a deployment's selector and template",
      "PATCH",
      apps("deployments/a"),
      { spec: { selector: { matchLabels: { app: "b" } }, template: { metadata: { labels: { app: "b" } } } } },
      merge,
    ],
    ["a deployment's scale", "GET", apps("deployments/a/scale")],
    ["a replica set", "POST", dry(apps("replicasets")), of("ReplicaSet", { replicas: 0 })],
    [
      "a replica set without a selector",
      "POST",
      dry(apps("replicasets")),
      object("apps/v1", "ReplicaSet", "x", { spec: { template: template() } }),
    ],
    [
      "a replica set of other pods",
      "POST",
      dry(apps("replicasets")),
      of("ReplicaSet", { selector: { matchLabels: { app: "b" } } }),
    ],
    ["a stateful set without a service", "POST", dry(apps("statefulsets")), of("StatefulSet", {})],
    [
      "a stateful set of unknown policies",
      "POST",
      dry(apps("statefulsets")),
      of("StatefulSet", { podManagementPolicy: "Some", updateStrategy: { type: "Some" } }),
    ],
    [
      "a stateful set with a negative partition",
      "POST",
      dry(apps("statefulsets")),
      of("StatefulSet", { replicas: -1, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: -1 } } }),
    ],
    [
      "a stateful set that deletes and rolls",
      "POST",
      dry(apps("statefulsets")),
      of("StatefulSet", { updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } } }),
    ],
    [
      "a daemon set of an unknown strategy",
      "POST",
      dry(apps("daemonsets")),
      of("DaemonSet", { updateStrategy: { type: "Some" } }),
    ],
    [
      "a daemon set that never moves",
      "POST",
      dry(apps("daemonsets")),
      of("DaemonSet", { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
    ],
    [
      "a daemon set without a template",
      "POST",
      dry(apps("daemonsets")),
      object("apps/v1", "DaemonSet", "x", { spec: { selector } }),
    ],
    [
      "a replication controller",
      "POST",
      dry(core("replicationcontrollers")),
      object("v1", "ReplicationController", "x", { spec: { selector: { app: "a" }, template: template() } }),
    ],
    [
      "a replication controller without a selector",
      "POST",
      dry(core("replicationcontrollers")),
      object("v1", "ReplicationController", "x", { spec: { template: template({}, {}) } }),
    ],
    ["a pod's template", "POST", dry(core("podtemplates")), object("v1", "PodTemplate", "x", { template: template() })],
    [
      "a controller's revision",
      "POST",
      dry(apps("controllerrevisions")),
      object("apps/v1", "ControllerRevision", "x", { revision: 1, data: { a: 1 } }),
    ],
    [
      "a controller's revision below zero",
      "POST",
      dry(apps("controllerrevisions")),
      object("apps/v1", "ControllerRevision", "x", { revision: -1 }),
    ],
    ["a job", "POST", dry(batch("jobs")), job({})],
    ["a job by index without completions", "POST", dry(batch("jobs")), job({ completionMode: "Indexed" })],
    ["a job of an unknown mode", "POST", dry(batch("jobs")), job({ completionMode: "Some" })],
    [
      "a job with limits by index, without",
      "POST",
      dry(batch("jobs")),
      job({ backoffLimitPerIndex: 1, maxFailedIndexes: 1 }),
    ],
    [
      "a job with a policy of failures",
      "POST",
      dry(batch("jobs")),
      job({ podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [1] } }] } }),
    ],
    [
      "a job with a wrong policy of failures",
      "POST",
      dry(batch("jobs")),
      job({ podFailurePolicy: { rules: [{ action: "Some", onExitCodes: { operator: "In", values: [0] } }] } }),
    ],
    ["a job managed by another", "POST", dry(batch("jobs")), job({ managedBy: "example.com/other" })],
    [
      "a job that restarts its pods",
      "POST",
      dry(batch("jobs")),
      job({ template: { spec: { restartPolicy: "Always", ...container({}) } } }),
    ],
    [
      "a job with a selector of its own",
      "POST",
      dry(batch("jobs")),
      job({
        manualSelector: true,
        selector,
        template: { metadata: { labels: { app: "a" } }, spec: { ...once, ...container({}) } },
      }),
    ],
    ["a cron job", "POST", dry(batch("cronjobs")), cronJob({})],
    [
      "a cron job with all wrong",
      "POST",
      dry(batch("cronjobs")),
      cronJob({
        schedule: "61 * * * *",
        concurrencyPolicy: "",
        startingDeadlineSeconds: -1,
        successfulJobsHistoryLimit: -1,
        failedJobsHistoryLimit: -1,
      }),
    ],
    [
      "a cron job with a zone in its schedule",
      "POST",
      dry(batch("cronjobs")),
      cronJob({ schedule: "TZ=UTC 0 0 * * *" }),
    ],
    [
      "a cron job in a zone",
      "POST",
      dry(batch("cronjobs")),
      cronJob({ timeZone: "Europe/Berlin", schedule: "@daily" }),
    ],
    ["a cron job in an empty zone", "POST", dry(batch("cronjobs")), cronJob({ timeZone: "" })],
    [
      "a cron job without a template",
      "POST",
      dry(batch("cronjobs")),
      object("batch/v1", "CronJob", "x", { spec: { schedule: "* * * * *" } }),
    ],
    [
      "a cron job whose jobs have a selector",
      "POST",
      dry(batch("cronjobs")),
      cronJob({ jobTemplate: { spec: { selector, template: { spec: { ...once, ...container({}) } } } } }),
    ],
  ],
};
