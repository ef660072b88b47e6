/** What is refused before it is stored: by quota, limits, Pod Security and rules of single kinds; and generated names, dry runs. */
import { type Area, configMap, merge, paths, pod, strategic } from "./area.ts";

const { core, batch } = paths("admission");
const maps = core("configmaps");
const pods = core("pods");
const range = (limits: object[]) => ({
  ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "l" }, spec: { limits } },
});
const resources = (rest: object) => ({ containers: [{ name: "main", image: "a", resources: rest }] });
const quota = (name: string, spec: object) => ({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name }, spec });
const cronJob = (name: string, spec: object) => ({
  ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { name } },
  spec: {
    schedule: "* * * * *",
    jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } } },
    ...spec,
  },
});
const secured = (rest: object) => ({
  ...{ runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  ...{ seccompProfile: { type: "RuntimeDefault" }, ...rest },
});

/** Pods in a namespace of this level, made before the questions. */
const security = (level: string) => `/api/v1/namespaces/area-${level}/pods?dryRun=All`;

export const admission: Area = {
  name: "admission",
  asked: [
    ["a generated name, dryly", "POST", `${maps}?dryRun=All`, configMap("", {}, { generateName: "Not_Good-" })],
    ["a name and a generated one", "POST", maps, configMap("named", {}, { generateName: "made-" })],
    ["a dry run of what is there", "POST", `${maps}?dryRun=All`, configMap("named")],
    ["a dry run of a bad name", "POST", `${maps}?dryRun=All`, configMap("Bad")],
    ["a dry run twice", "POST", `${maps}?dryRun=All&dryRun=All`, configMap("dry")],
    ["an empty dry run", "POST", `${maps}?dryRun=`, configMap("dry-empty")],
    ["a key in both", "POST", maps, configMap("x", { data: { k: "1" }, binaryData: { k: "MQ==" } })],
    ["a key of dots", "POST", maps, configMap("x", { data: { "..": "1" } })],
    ["a key that begins with dots", "POST", maps, configMap("x", { data: { "..a": "1" } })],
    ["a key with a space", "POST", maps, configMap("x", { data: { "a b": "1" } })],
    ["a long key", "POST", maps, configMap("x", { data: { ["k".repeat(254)]: "1" } })],
    ["an empty key", "POST", maps, configMap("x", { data: { "": "1" } })],
    ["bytes that are none", "POST", maps, configMap("x", { binaryData: { k: "%%" } })],
    ["a null among data", "POST", maps, configMap("nulls", { data: { k: null } })],
    ["a boolean among data", "POST", maps, configMap("x", { data: { k: true } })],
    ["data that are a list", "POST", maps, configMap("x", { data: ["k"] })],
    ["more than a mebibyte", "POST", maps, configMap("x", { data: { k: "x".repeat(1_048_577) } })],
    ["more than three mebibytes", "POST", maps, configMap("x", { data: { k: "x".repeat(3_200_000) } })],
    ["annotations that are too long", "POST", maps, configMap("x", {}, { annotations: { a: "x".repeat(262_145) } })],
    ["immutable", "POST", maps, configMap("fixed", { immutable: true, data: { k: "1" } })],
    ["immutable: other data", "PATCH", `${maps}/fixed`, { data: { k: "2" } }, merge],
    ["immutable: no more", "PATCH", `${maps}/fixed`, { immutable: false }, merge],
    ["immutable: a label", "PATCH", `${maps}/fixed`, { metadata: { labels: { a: "1" } } }, merge],
    [
      "a secret of another type",
      "POST",
      core("secrets"),
      { apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, type: "kubernetes.io/tls" },
    ],
    [
      "a secret for a registry",
      "POST",
      core("secrets"),
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "x" },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": "x" },
      },
    ],
    [
      "a secret of an account that is not there",
      "POST",
      core("secrets"),
      { apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, type: "kubernetes.io/service-account-token" },
    ],
    [
      "a secret",
      "POST",
      core("secrets"),
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "1" } },
    ],
    ["a secret of another type now", "PATCH", core("secrets/s"), { type: "other" }, merge],
    ["a quota without a number", "POST", core("resourcequotas"), quota("x", { hard: { pods: "many" } })],
    ["a quota below zero", "POST", core("resourcequotas"), quota("x", { hard: { pods: "-1" } })],
    ["a quota of a part of a pod", "POST", core("resourcequotas"), quota("x", { hard: { pods: "1500m" } })],
    ["a quota of something unknown", "POST", core("resourcequotas"), quota("x", { hard: { wishes: "3" } })],
    [
      "a quota of an unknown scope",
      "POST",
      core("resourcequotas"),
      quota("x", { hard: { pods: "1" }, scopes: ["Perhaps"] }),
    ],
    [
      "a quota of two scopes",
      "POST",
      core("resourcequotas"),
      quota("x", { hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] }),
    ],
    ["over a quota", "POST", "/api/v1/namespaces/area-quota/configmaps", configMap("more")],
    ["over a quota, dryly", "POST", "/api/v1/namespaces/area-quota/configmaps?dryRun=All", configMap("more")],
    [
      "over a quota by apply",
      "PATCH",
      "/api/v1/namespaces/area-quota/configmaps/more?fieldManager=m",
      configMap("more"),
      { headers: { "content-type": "application/apply-patch+yaml" } },
    ],
    ["within a quota, without saying how much", "POST", "/api/v1/namespaces/area-quota/pods", pod("a")],
    [
      "within a quota, too much",
      "POST",
      "/api/v1/namespaces/area-quota/pods",
      pod("a", resources({ requests: { cpu: "5" }, limits: { cpu: "5" } })),
    ],
    ["limits with a wrong type", "POST", core("limitranges"), range([{ type: "Other", max: { cpu: "1" } }])],
    [
      "limits over the most",
      "POST",
      core("limitranges"),
      range([{ type: "Container", max: { cpu: "1" }, default: { cpu: "2" } }]),
    ],
    [
      "limits below the least",
      "POST",
      core("limitranges"),
      range([{ type: "Container", min: { cpu: "1" }, defaultRequest: { cpu: "500m" } }]),
    ],
    [
      "limits twice",
      "POST",
      core("limitranges"),
      range([
        { type: "Container", max: { cpu: "1" } },
        { type: "Container", max: { cpu: "2" } },
      ]),
    ],
    ["a default for a pod", "POST", core("limitranges"), range([{ type: "Pod", default: { cpu: "1" } }])],
    [
      "limits",
      "POST",
      core("limitranges"),
      range([{ type: "Container", max: { cpu: "1" }, default: { cpu: "500m" }, defaultRequest: { cpu: "100m" } }]),
    ],
    ["limits, changed", "PATCH", core("limitranges/l"), { metadata: { labels: { a: "1" } } }, merge],
    ["a pod over the limits", "POST", `${pods}?dryRun=All`, pod("x", resources({ limits: { cpu: "2" } }))],
    [
      "a pod that asks for more than its limit",
      "POST",
      `${pods}?dryRun=All`,
      pod("x", resources({ requests: { cpu: "900m" }, limits: { cpu: "800m" } })),
    ],
    ["a pod with defaults", "POST", pods, pod("a")],
    ["a pod without containers", "POST", pods, pod("x", { containers: [] })],
    ["a pod without an image", "POST", pods, pod("x", { containers: [{ name: "c" }] })],
    [
      "a pod with a container twice",
      "POST",
      pods,
      pod("x", {
        containers: [
          { name: "c", image: "i" },
          { name: "c", image: "i" },
        ],
      }),
    ],
    ["a pod with a bad container name", "POST", pods, pod("x", { containers: [{ name: "C_c", image: "i" }] })],
    ["a pod with an unknown restart policy", "POST", pods, pod("x", { restartPolicy: "Sometimes" })],
    [
      "a pod with an unknown pull policy",
      "POST",
      pods,
      pod("x", { containers: [{ name: "c", image: "i", imagePullPolicy: "Sometimes" }] }),
    ],
    [
      "a pod with a bad port",
      "POST",
      pods,
      pod("x", { containers: [{ name: "c", image: "i", ports: [{ containerPort: 99999 }] }] }),
    ],
    [
      "a pod with a mount of nothing",
      "POST",
      pods,
      pod("x", { containers: [{ name: "c", image: "i", volumeMounts: [{ name: "none", mountPath: "/x" }] }] }),
    ],
    ["a pod of nobody's account", "POST", pods, pod("x", { serviceAccountName: "none" })],
    [
      "a pod with a bad variable",
      "POST",
      pods,
      pod("x", { containers: [{ name: "c", image: "i", env: [{ name: "1=a", value: "x" }] }] }),
    ],
    ["a pod of an unknown class of priority", "POST", pods, pod("x", { priorityClassName: "none" })],
    ["a pod of an unknown class of runtime", "POST", pods, pod("x", { runtimeClassName: "none" })],
    ["a pod's image", "PATCH", `${pods}/a`, { spec: { containers: [{ name: "main", image: "b" }] } }, strategic],
    ["a pod's command", "PATCH", `${pods}/a`, { spec: { containers: [{ name: "main", command: ["x"] }] } }, strategic],
    ["a pod's account", "PATCH", `${pods}/a`, { spec: { serviceAccountName: "other" } }, merge],
    ["a pod's deadline", "PATCH", `${pods}/a`, { spec: { activeDeadlineSeconds: -1 } }, merge],
    ["restricted: an ordinary pod", "POST", security("restricted"), pod("x")],
    [
      "restricted: privileged",
      "POST",
      security("restricted"),
      pod("x", { containers: [{ name: "c", image: "i", securityContext: { privileged: true } }] }),
    ],
    [
      "restricted: as it wants",
      "POST",
      security("restricted"),
      pod("x", { containers: [{ name: "c", image: "i", securityContext: secured({}) }] }),
    ],
    [
      "restricted: two containers, one of them not",
      "POST",
      security("restricted"),
      pod("x", {
        containers: [
          { name: "c", image: "i", securityContext: secured({}) },
          { name: "d", image: "i" },
        ],
      }),
    ],
    [
      "restricted: a volume of the host",
      "POST",
      security("restricted"),
      pod("x", {
        volumes: [{ name: "h", hostPath: { path: "/" } }],
        containers: [{ name: "c", image: "i", securityContext: secured({}) }],
      }),
    ],
    [
      "restricted: more capabilities",
      "POST",
      security("restricted"),
      pod("x", {
        containers: [
          { name: "c", image: "i", securityContext: secured({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } }) },
        ],
      }),
    ],
    [
      "restricted: as root",
      "POST",
      security("restricted"),
      pod("x", { containers: [{ name: "c", image: "i", securityContext: secured({ runAsUser: 0 }) }] }),
    ],
    [
      "restricted: what it warns of in a template",
      "POST",
      "/apis/apps/v1/namespaces/area-restricted/statefulsets?dryRun=All",
      {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "x" },
        spec: {
          serviceName: "s",
          selector: { matchLabels: { a: "1" } },
          template: { metadata: { labels: { a: "1" } }, spec: { containers: [{ name: "c", image: "i" }] } },
        },
      },
    ],
    ["baseline: an ordinary pod", "POST", security("baseline"), pod("x")],
    ["baseline: the host's network", "POST", security("baseline"), pod("x", { hostNetwork: true })],
    [
      "baseline: a port of the host",
      "POST",
      security("baseline"),
      pod("x", { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, hostPort: 80 }] }] }),
    ],
    ["baseline: the host's processes", "POST", security("baseline"), pod("x", { hostPID: true, hostIPC: true })],
    [
      "baseline: privileged",
      "POST",
      security("baseline"),
      pod("x", { containers: [{ name: "c", image: "i", securityContext: { privileged: true } }] }),
    ],
    [
      "a level that is unknown",
      "POST",
      "/api/v1/namespaces?dryRun=All",
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "x", labels: { "pod-security.kubernetes.io/enforce": "high" } },
      },
    ],
    [
      "a version of a level that is unknown",
      "POST",
      "/api/v1/namespaces?dryRun=All",
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "x", labels: { "pod-security.kubernetes.io/enforce-version": "9" } },
      },
    ],
    [
      "a level for a namespace with pods",
      "PATCH",
      "/api/v1/namespaces/area-admission?dryRun=All",
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
      merge,
    ],
    [
      "a job with negative numbers",
      "POST",
      batch("jobs"),
      {
        ...cronJob("x", {}),
        kind: "Job",
        spec: {
          suspend: true,
          backoffLimit: -1,
          parallelism: -1,
          completions: -2,
          template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
        },
      },
    ],
    [
      "a job that restarts for ever",
      "POST",
      batch("jobs"),
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "x" },
        spec: { template: { spec: { containers: [{ name: "c", image: "i" }] } } },
      },
    ],
    [
      "a job with a selector",
      "POST",
      batch("jobs"),
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "x" },
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
        },
      },
    ],
    ["a job of nothing", "POST", batch("jobs"), { apiVersion: "batch/v1", kind: "Job", metadata: { name: "x" } }],
    ["a cron job", "POST", batch("cronjobs"), cronJob("a", {})],
    ["a cron job at no time", "POST", batch("cronjobs"), cronJob("x", { schedule: "now" })],
    ["a cron job without a time", "POST", batch("cronjobs"), cronJob("x", { schedule: "" })],
    ["a cron job in no zone", "POST", batch("cronjobs"), cronJob("x", { timeZone: "Nowhere/Else" })],
    ["a cron job that does what is unknown", "POST", batch("cronjobs"), cronJob("x", { concurrencyPolicy: "Maybe" })],
    ["a cron job with a long name", "POST", batch("cronjobs"), cronJob("n".repeat(53), {})],
    [
      "a policy's refusal",
      "POST",
      "/api/v1/namespaces/area-guarded/configmaps",
      configMap("x", {}, { labels: { guarded: "yes" } }),
    ],
    [
      "a policy's refusal, dryly",
      "POST",
      "/api/v1/namespaces/area-guarded/configmaps?dryRun=All",
      configMap("x", {}, { labels: { guarded: "yes" } }),
    ],
    ["what a policy lets pass", "POST", "/api/v1/namespaces/area-guarded/configmaps", configMap("y")],
  ],
};
