/** What a team has in its namespace over a day: limits, pods, services, settings that change, what ends and what stays. */
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
  sent,
  strategic,
  table,
  template,
} from "./area.ts";

const { core, apps, batch, network, of } = paths("household");
const maps = core("configmaps");
const pods = core("pods");
const services = core("services");
const jobs = batch("jobs");
const deployments = apps("deployments");
const quotas = core("resourcequotas");
const limits = core("limitranges");
const claims = core("persistentvolumeclaims");
const secrets = core("secrets");
const namespaces = "/api/v1/namespaces";
const dry = "?dryRun=All";
const idle = (name: string, spec: object = {}, metadata: object = {}) =>
  pod(name, { schedulerName: "none", ...spec }, metadata);
const main = (rest: object) => ({ containers: [{ name: "main", image: "a:1", ...rest }] });
const job = (name: string, spec: object = {}, inner: object = {}) =>
  object("batch/v1", "Job", name, {
    spec: { suspend: true, template: template({ restartPolicy: "Never", ...inner }), ...spec },
  });
const schedule = (spec: object) =>
  object("batch/v1", "CronJob", "tick", {
    spec: {
      suspend: true,
      schedule: "*/5 * * * *",
      jobTemplate: { spec: { template: template({ restartPolicy: "Never" }) } },
      ...spec,
    },
  });
const service = (name: string, spec: object) => object("v1", "Service", name, { spec });
const headless = (spec: object = {}) => ({ clusterIP: "None", ports: [{ name: "http", port: 80 }], ...spec });
const deployment = (name: string, spec: object = {}, inner: object = {}) =>
  object("apps/v1", "Deployment", name, {
    spec: { paused: true, replicas: 0, selector: { matchLabels: { app: "a" } }, template: template(inner), ...spec },
  });
const range = (...items: object[]) => object("v1", "LimitRange", "r", { spec: { limits: items } });
const quota = (spec: object) => object("v1", "ResourceQuota", "q", { spec });
const policy = (spec: object) => object("networking.k8s.io/v1", "NetworkPolicy", "n", { spec });
const ingress = (spec: object) => object("networking.k8s.io/v1", "Ingress", "i", { spec });
const named = (name: string) => object("v1", "Namespace", name);

export const household: Area = {
  name: "household",
  asked: [
    [
      "a pod with requests",
      "POST",
      `${pods}${dry}`,
      idle("p", main({ resources: { requests: { cpu: "0.1", memory: "64M" } } })),
    ],
    [
      "a pod with limits alone",
      "POST",
      `${pods}${dry}`,
      idle("p", main({ resources: { limits: { cpu: "100m", memory: "64Mi" } } })),
    ],
    [
      "a pod with requests above limits",
      "POST",
      pods,
      idle("p", main({ resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } })),
    ],
    ["a pod with negative requests", "POST", pods, idle("p", main({ resources: { requests: { cpu: "-1" } } }))],
    ["a pod with unknown resources", "POST", pods, idle("p", main({ resources: { limits: { ships: 1 } } }))],
    ["a pod with a broken amount", "POST", pods, idle("p", main({ resources: { limits: { cpu: "1 core" } } }))],
    ["a pod with a bad port", "POST", pods, idle("p", main({ ports: [{ containerPort: 70000 }] }))],
    [
      "a pod with a long port name",
      "POST",
      pods,
      idle("p", main({ ports: [{ name: "a-very-long-port-name", containerPort: 80 }] })),
    ],
    ["a pod with a port of text", "POST", pods, idle("p", main({ ports: [{ containerPort: "http" }] }))],
    ["a pod with a nameless variable", "POST", pods, idle("p", main({ env: [{ value: "x" }] }))],
    [
      "a pod with a variable of both",
      "POST",
      pods,
      idle("p", main({ env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] })),
    ],
    [
      "a pod with a variable of a field",
      "POST",
      `${pods}${dry}`,
      idle("p", main({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }] })),
    ],
    [
      "a pod with a variable of no field",
      "POST",
      pods,
      idle("p", main({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.hostname" } } }] })),
    ],
    ["a pod with a number as a variable", "POST", pods, idle("p", main({ env: [{ name: "PORT", value: 8080 }] }))],
    [
      "a pod with probes",
      "POST",
      `${pods}${dry}`,
      idle(
        "p",
        main({
          livenessProbe: { tcpSocket: { port: 80 } },
          readinessProbe: { exec: { command: ["true"] }, failureThreshold: 1 },
          startupProbe: { grpc: { port: 1 } },
        }),
      ),
    ],
    ["a pod with an empty probe", "POST", pods, idle("p", main({ livenessProbe: {} }))],
    [
      "a pod with a probe of two",
      "POST",
      pods,
      idle("p", main({ livenessProbe: { tcpSocket: { port: 80 }, httpGet: { port: 80 } } })),
    ],
    [
      "a pod with a hasty probe",
      "POST",
      pods,
      idle("p", main({ livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: -1, successThreshold: 2 } })),
    ],
    [
      "a pod with a mount of nothing",
      "POST",
      pods,
      idle("p", main({ volumeMounts: [{ name: "v", mountPath: "/v" }] })),
    ],
    [
      "a pod with a volume of two",
      "POST",
      pods,
      idle("p", { volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] }),
    ],
    [
      "a pod with two volumes of a name",
      "POST",
      pods,
      idle("p", {
        volumes: [
          { name: "v", emptyDir: {} },
          { name: "v", configMap: { name: "m" } },
        ],
      }),
    ],
    [
      "a pod with volumes",
      "POST",
      `${pods}${dry}`,
      idle("p", {
        ...main({ volumeMounts: [{ name: "v", mountPath: "/v", subPath: "a" }] }),
        volumes: [
          {
            name: "v",
            projected: {
              sources: [
                { configMap: { name: "m" } },
                { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
              ],
            },
          },
          { name: "s", secret: { secretName: "s", optional: true } },
        ],
      }),
    ],
    ["a pod with a volume in capitals", "POST", pods, idle("p", { volumes: [{ name: "V", emptyDir: {} }] })],
    [
      "a pod with a side car",
      "POST",
      `${pods}${dry}`,
      idle("p", { initContainers: [{ name: "i", image: "b", restartPolicy: "Always" }] }),
    ],
    ["a pod with the same name for both", "POST", pods, idle("p", { initContainers: [{ name: "main", image: "b" }] })],
    [
      "a pod with a user",
      "POST",
      `${pods}${dry}`,
      idle("p", {
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 2000,
          seccompProfile: { type: "RuntimeDefault" },
        },
      }),
    ],
    ["a pod with a bad profile", "POST", pods, idle("p", { securityContext: { seccompProfile: { type: "Strict" } } })],
    [
      "a pod with a negative user",
      "POST",
      pods,
      idle("p", main({ securityContext: { runAsUser: -5, privileged: true, allowPrivilegeEscalation: false } })),
    ],
    [
      "a pod with tolerations",
      "POST",
      `${pods}${dry}`,
      idle("p", {
        tolerations: [{ key: "a", operator: "Equal", value: "b", effect: "NoSchedule" }],
        nodeSelector: { disk: "ssd" },
        priorityClassName: "",
      }),
    ],
    ["a pod with a bad toleration", "POST", pods, idle("p", { tolerations: [{ key: "a", operator: "Like" }] })],
    ["a pod of an unknown class", "POST", pods, idle("p", { priorityClassName: "urgent" })],
    [
      "a pod of an important class",
      "POST",
      `${pods}${dry}`,
      idle("p", { priorityClassName: "system-cluster-critical" }),
    ],
    ["a pod with a bad host name", "POST", pods, idle("p", { hostname: "A_b", subdomain: "x.y" })],
    [
      "a pod with a negative end",
      "POST",
      pods,
      idle("p", { terminationGracePeriodSeconds: -1, activeDeadlineSeconds: 0 }),
    ],
    ["a pod with a broken DNS", "POST", pods, idle("p", { dnsPolicy: "None" })],
    ["a pod with an old field", "POST", `${pods}${dry}`, idle("p", { serviceAccount: "default" })],
    ["a pod", "POST", pods, idle("live", main({ command: ["sleep", "1d"] }), { labels: { app: "live" } })],
    ["the pod's deadline", "PATCH", `${pods}/live`, { spec: { activeDeadlineSeconds: 100 } }, strategic],
    ["the pod's image", "PATCH", `${pods}/live`, { spec: { containers: [{ name: "main", image: "a:2" }] } }, strategic],
    [
      "the pod's command",
      "PATCH",
      `${pods}/live`,
      { spec: { containers: [{ name: "main", command: ["x"] }] } },
      strategic,
    ],
    [
      "the pod's tolerations",
      "PATCH",
      `${pods}/live`,
      [{ op: "add", path: "/spec/tolerations/-", value: { key: "x", operator: "Exists" } }],
      json,
    ],
    [
      "one more container",
      "PATCH",
      `${pods}/live`,
      { spec: { containers: [{ name: "more", image: "b" }] } },
      strategic,
    ],
    [
      "the pod's condition",
      "PATCH",
      `${pods}/live/status`,
      { status: { conditions: [{ type: "example.com/ready", status: "True" }] } },
      strategic,
    ],
    ["the pod's status put", "PUT", `${pods}/live/status`, idle("live", main({ command: ["sleep", "1d"] }))],
    [
      "the pod's debugger",
      "PATCH",
      `${pods}/live/ephemeralcontainers`,
      { spec: { ephemeralContainers: [{ name: "debug", image: "b" }] } },
      strategic,
    ],
    [
      "the pod's size",
      "PATCH",
      `${pods}/live/resize`,
      { spec: { containers: [{ name: "main", resources: { requests: { cpu: "1" } } }] } },
      strategic,
    ],
    ["the pod's log", "GET", `${pods}/live/log?container=none`],
    ["the pod's log in many lines", "GET", `${pods}/live/log?tailLines=x`],
    ["the pod's files", "GET", `${pods}/live/files`],
    ["the pod's port", "GET", `${pods}/live/portforward`],
    ["the pod as a table", "GET", `${pods}?labelSelector=app%3Dlive`, undefined, table],
    [
      "the pod's eviction of a wrong version",
      "POST",
      `${pods}/live/eviction`,
      {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "live" },
        deleteOptions: { preconditions: { resourceVersion: "1" } },
      },
    ],
    ["the pod's end, dry", "DELETE", `${pods}/live${dry}`],
    ["the pod's end", "DELETE", `${pods}/live`, { gracePeriodSeconds: 0 }],
    [
      "a limit with a ratio",
      "POST",
      `${limits}${dry}`,
      range({ type: "Container", maxLimitRequestRatio: { memory: "2" } }),
    ],
    [
      "a limit with a ratio below one",
      "POST",
      limits,
      range({ type: "Container", maxLimitRequestRatio: { memory: "0.5" } }),
    ],
    [
      "a limit twice",
      "POST",
      limits,
      range({ type: "Container", max: { cpu: "1" } }, { type: "Container", max: { cpu: "2" } }),
    ],
    ["a limit of a pod's default", "POST", limits, range({ type: "Pod", default: { cpu: "1" } })],
    ["a limit of a claim without bounds", "POST", limits, range({ type: "PersistentVolumeClaim" })],
    ["a limit of something", "POST", `${limits}${dry}`, range({ type: "Ship", max: { cpu: "1" } })],
    [
      "a limit of defaults above max",
      "POST",
      limits,
      range({ type: "Container", max: { cpu: "1" }, default: { cpu: "2" }, defaultRequest: { cpu: "3" } }),
    ],
    [
      "a limit",
      "POST",
      limits,
      range(
        {
          type: "Container",
          max: { cpu: "1" },
          min: { cpu: "10m" },
          default: { cpu: "200m" },
          defaultRequest: { cpu: "100m" },
        },
        { type: "PersistentVolumeClaim", max: { storage: "2Gi" } },
      ),
    ],
    ["a pod within the limit", "POST", `${pods}${dry}`, idle("p")],
    ["a pod above the limit", "POST", pods, idle("p", main({ resources: { limits: { cpu: "2" } } }))],
    ["a pod below the limit", "POST", pods, idle("p", main({ resources: { requests: { cpu: "1m" } } }))],
    [
      "a claim above the limit",
      "POST",
      claims,
      object("v1", "PersistentVolumeClaim", "c", {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } },
      }),
    ],
    ["the limit gone", "DELETE", `${limits}/r`],
    [
      "a quota of scopes",
      "POST",
      `${quotas}${dry}`,
      quota({ hard: { pods: "1" }, scopes: ["BestEffort", "NotTerminating"] }),
    ],
    [
      "a quota of scopes that disagree",
      "POST",
      quotas,
      quota({ hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] }),
    ],
    [
      "a quota of a scope that does not fit",
      "POST",
      quotas,
      quota({ hard: { configmaps: "1" }, scopes: ["Terminating"] }),
    ],
    [
      "a quota of classes",
      "POST",
      `${quotas}${dry}`,
      quota({
        hard: { pods: "1" },
        scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] },
      }),
    ],
    [
      "a quota of classes without values",
      "POST",
      quotas,
      quota({
        hard: { pods: "1" },
        scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] },
      }),
    ],
    [
      "a quota of counts",
      "POST",
      `${quotas}${dry}`,
      quota({ hard: { "count/deployments.apps": "2", "count/widgets.example.com": "3", services: "4" } }),
    ],
    ["a quota of fractions", "POST", quotas, quota({ hard: { pods: "1.5", "requests.cpu": "1.5" } })],
    [
      "a quota of a class of storage",
      "POST",
      `${quotas}${dry}`,
      quota({ hard: { "gold.storageclass.storage.k8s.io/requests.storage": "5Gi", "requests.storage": "9Gi" } }),
    ],
    [
      "a job with a policy",
      "POST",
      `${jobs}${dry}`,
      job("j", {
        podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [3, 1] } }] },
      }),
    ],
    ["a job with a policy of nothing", "POST", jobs, job("j", { podFailurePolicy: { rules: [{ action: "Stop" }] } })],
    ["a job by its own selector", "POST", jobs, job("j", { selector: { matchLabels: { a: "b" } } })],
    [
      "a job by hand",
      "POST",
      `${jobs}${dry}`,
      job("j", { manualSelector: true, selector: { matchLabels: { app: "a" } } }),
    ],
    ["a job with a mode of its own", "POST", jobs, job("j", { completionMode: "Sometimes" })],
    ["a job indexed without an end", "POST", jobs, job("j", { completionMode: "Indexed" })],
    [
      "a job with a success",
      "POST",
      `${jobs}${dry}`,
      job("j", {
        completionMode: "Indexed",
        completions: 4,
        parallelism: 4,
        successPolicy: { rules: [{ succeededCount: 1 }] },
      }),
    ],
    ["a job without containers", "POST", jobs, job("j", {}, { containers: [] })],
    ["a job managed by another", "POST", `${jobs}${dry}`, job("j", { managedBy: "example.com/queue" })],
    ["a job", "POST", jobs, job("j")],
    ["the job's parallelism", "PATCH", `${jobs}/j${dry}`, { spec: { parallelism: 3 } }, merge],
    ["the job's completions", "PATCH", `${jobs}/j`, { spec: { completions: 3 } }, merge],
    ["the job's backoff", "PATCH", `${jobs}/j${dry}`, { spec: { backoffLimit: -1 } }, merge],
    [
      "the job, orphaning",
      "DELETE",
      `${jobs}/j`,
      { propagationPolicy: "Orphan", preconditions: { resourceVersion: "1" } },
    ],
    ["the job, by the old way", "DELETE", `${jobs}/j${dry}&orphanDependents=false`],
    ["the job, gone", "DELETE", `${jobs}/j`, { propagationPolicy: "Background" }],
    [
      "a schedule with a zone",
      "POST",
      `${batch("cronjobs")}${dry}`,
      schedule({ timeZone: "Asia/Tokyo", startingDeadlineSeconds: 10, concurrencyPolicy: "Forbid" }),
    ],
    ["a schedule with no zone", "POST", batch("cronjobs"), schedule({ timeZone: "Moon/Sea" })],
    ["a schedule with a zone in it", "POST", batch("cronjobs"), schedule({ schedule: "TZ=UTC 0 0 * * *" })],
    ["a schedule of six fields", "POST", batch("cronjobs"), schedule({ schedule: "0 0 0 * * *" })],
    ["a schedule of an hour that is none", "POST", batch("cronjobs"), schedule({ schedule: "0 25 * * *" })],
    ["a schedule of a name", "POST", `${batch("cronjobs")}${dry}`, schedule({ schedule: "@hourly" })],
    [
      "a schedule of an unknown policy",
      "POST",
      batch("cronjobs"),
      schedule({ concurrencyPolicy: "Maybe", successfulJobsHistoryLimit: -1 }),
    ],
    ["a schedule with a long name", "POST", batch("cronjobs"), { ...schedule({}), metadata: { name: "c".repeat(53) } }],
    ["a service", "POST", services, service("s", headless({ selector: { app: "a" } }))],
    ["the service's port", "PATCH", `${services}/s`, { spec: { ports: [{ port: 81, name: "more" }] } }, strategic],
    ["the service's port, by merge", "PATCH", `${services}/s`, { spec: { ports: [{ port: 82 }] } }, merge],
    ["the service's selector", "PATCH", `${services}/s`, { spec: { selector: { app: null, tier: "web" } } }, strategic],
    ["the service's affinity", "PATCH", `${services}/s`, { spec: { sessionAffinity: "ClientIP" } }, merge],
    ["the service's address", "PATCH", `${services}/s`, { spec: { clusterIP: "10.0.0.9" } }, merge],
    ["the service's type", "PATCH", `${services}/s`, { spec: { type: "Gateway" } }, merge],
    ["the service's status", "GET", `${services}/s/status`],
    ["the service's proxy", "GET", `${services}/none/proxy/`],
    ["a service of a bad port", "POST", services, service("t", headless({ ports: [{ port: 0 }] }))],
    [
      "a service of a bad target",
      "POST",
      services,
      service("t", headless({ ports: [{ port: 80, targetPort: "http_port" }] })),
    ],
    [
      "a service of a bad protocol",
      "POST",
      services,
      service("t", headless({ ports: [{ port: 80, protocol: "HTTP" }] })),
    ],
    [
      "a service of a port twice",
      "POST",
      services,
      service(
        "t",
        headless({
          ports: [
            { name: "a", port: 80 },
            { name: "b", port: 80 },
          ],
        }),
      ),
    ],
    [
      "a service of a name twice",
      "POST",
      services,
      service(
        "t",
        headless({
          ports: [
            { name: "a", port: 80 },
            { name: "a", port: 81 },
          ],
        }),
      ),
    ],
    [
      "a service with a node's port, headless",
      "POST",
      services,
      service("t", headless({ ports: [{ port: 80, nodePort: 30080 }] })),
    ],
    ["a service of a name that begins with a digit", "POST", services, service("1st", headless())],
    ["a service elsewhere without a name", "POST", services, service("t", { type: "ExternalName" })],
    [
      "a service elsewhere with a bad name",
      "POST",
      services,
      service("t", { type: "ExternalName", externalName: "a_b" }),
    ],
    ["a service with bad addresses", "POST", services, service("t", headless({ externalIPs: ["1.2.3", "127.0.0.1"] }))],
    ["a service for a balancer, headless", "POST", services, service("t", headless({ type: "LoadBalancer" }))],
    ["a service of another policy", "POST", services, service("t", headless({ externalTrafficPolicy: "Local" }))],
    ["a service of another family", "POST", services, service("t", headless({ ipFamilies: ["IPv5"] }))],
    ["services gone by a label", "DELETE", `${services}?labelSelector=none`],
    ["a deployment", "POST", deployments, deployment("d")],
    [
      "the deployment's replicas by apply",
      "PATCH",
      `${deployments}/d?fieldManager=hpa`,
      { apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: 0 } },
      apply,
    ],
    ["the deployment's strategy", "PATCH", `${deployments}/d`, { spec: { strategy: { type: "Recreate" } } }, merge],
    [
      "the deployment's strategy without the rest",
      "PATCH",
      `${deployments}/d`,
      { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
      strategic,
    ],
    [
      "the deployment's surge",
      "PATCH",
      `${deployments}/d`,
      { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "lots" } } } },
      merge,
    ],
    [
      "the deployment's nothing",
      "PATCH",
      `${deployments}/d`,
      { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } } },
      merge,
    ],
    [
      "the deployment's labels",
      "PATCH",
      `${deployments}/d`,
      { spec: { template: { metadata: { labels: { app: "b" } } } } },
      merge,
    ],
    [
      "the deployment's history",
      "PATCH",
      `${deployments}/d`,
      { spec: { revisionHistoryLimit: -1, progressDeadlineSeconds: 0 } },
      merge,
    ],
    [
      "the deployment's variables",
      "PATCH",
      `${deployments}/d`,
      {
        spec: {
          template: {
            spec: {
              containers: [
                {
                  name: "main",
                  env: [
                    { name: "A", value: "1" },
                    { name: "B", value: "2" },
                  ],
                },
              ],
            },
          },
        },
      },
      strategic,
    ],
    [
      "the deployment's variables, one less",
      "PATCH",
      `${deployments}/d`,
      { spec: { template: { spec: { containers: [{ name: "main", env: [{ name: "A", $patch: "delete" }] }] } } } },
      strategic,
    ],
    [
      "the deployment's volumes",
      "PATCH",
      `${deployments}/d`,
      {
        spec: {
          template: {
            spec: {
              volumes: [{ name: "v", emptyDir: {} }],
              containers: [{ name: "main", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
            },
          },
        },
      },
      strategic,
    ],
    [
      "the deployment's volumes, gone",
      "PATCH",
      `${deployments}/d`,
      { spec: { template: { spec: { volumes: [{ name: "v", $patch: "delete" }] } } } },
      strategic,
    ],
    [
      "the deployment's restart policy",
      "PATCH",
      `${deployments}/d`,
      { spec: { template: { spec: { restartPolicy: "Never" } } } },
      strategic,
    ],
    ["the deployment's status", "PATCH", `${deployments}/d/status`, { status: { replicas: -1 } }, merge],
    [
      "the deployment's scale by apply",
      "PATCH",
      `${deployments}/d/scale?fieldManager=me`,
      { apiVersion: "autoscaling/v1", kind: "Scale", spec: { replicas: 0 } },
      apply,
    ],
    ["the deployment's rollback", "POST", `${deployments}/d/rollback`, {}],
    ["the deployment as a table", "GET", `${deployments}/d`, undefined, table],
    [
      "the deployment replaced from a new form",
      "PUT",
      `${deployments}/d`,
      deployment("d", { minReadySeconds: 5 }, { hostNetwork: true }),
    ],
    ["the deployment gone in the foreground", "DELETE", `${deployments}/d`, { propagationPolicy: "Foreground" }],
    [
      "a policy",
      "POST",
      network("networkpolicies"),
      policy({
        podSelector: { matchLabels: { app: "a" } },
        egress: [
          {
            to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }],
            ports: [
              { port: 5432, protocol: "TCP" },
              { port: 8000, endPort: 9000 },
            ],
          },
        ],
        policyTypes: ["Egress"],
      }),
    ],
    [
      "a policy of a bad block",
      "POST",
      network("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0" } }] }] }),
    ],
    [
      "a policy of a block and pods",
      "POST",
      network("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] }] }),
    ],
    [
      "a policy of a bad exception",
      "POST",
      network("networkpolicies"),
      policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] } }] }] }),
    ],
    [
      "a policy of an unknown type",
      "POST",
      network("networkpolicies"),
      policy({ podSelector: {}, policyTypes: ["Sideways"] }),
    ],
    [
      "a policy of ports upside down",
      "POST",
      network("networkpolicies"),
      policy({
        podSelector: {},
        egress: [
          {
            ports: [
              { port: 90, endPort: 80 },
              { port: "web", endPort: 80 },
            ],
          },
        ],
      }),
    ],
    ["a policy of nobody", "POST", network("networkpolicies"), policy({ podSelector: {}, ingress: [{ from: [{}] }] })],
    ["an ingress of nothing", "POST", network("ingresses"), ingress({})],
    [
      "an ingress of a bad host",
      "POST",
      network("ingresses"),
      ingress({
        rules: [
          {
            host: "*.*.com",
            http: {
              paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "a", port: { number: 1 } } } }],
            },
          },
        ],
      }),
    ],
    ["an ingress of an address", "POST", network("ingresses"), ingress({ rules: [{ host: "10.0.0.1" }] })],
    [
      "an ingress of a bad path",
      "POST",
      network("ingresses"),
      ingress({
        rules: [
          {
            http: {
              paths: [
                {
                  path: "a//b",
                  pathType: "Exact",
                  backend: { service: { name: "a", port: { name: "p", number: 1 } } },
                },
              ],
            },
          },
        ],
      }),
    ],
    [
      "an ingress of an unknown type",
      "POST",
      network("ingresses"),
      ingress({
        rules: [
          { http: { paths: [{ path: "/", pathType: "Regex", backend: { resource: { kind: "B", name: "b" } } }] } },
        ],
      }),
    ],
    [
      "an ingress with the old class",
      "POST",
      `${network("ingresses")}${dry}`,
      {
        ...ingress({ defaultBackend: { service: { name: "a", port: { number: 1 } } } }),
        metadata: { name: "i", annotations: { "kubernetes.io/ingress.class": "nginx" } },
      },
    ],
    [
      "a budget of a bad share",
      "POST",
      of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "b", { spec: { maxUnavailable: "120%" } }),
    ],
    [
      "a budget of nothing",
      "POST",
      `${of("apis/policy/v1")("poddisruptionbudgets")}${dry}`,
      object("policy/v1", "PodDisruptionBudget", "b", { spec: {} }),
    ],
    [
      "a secret of a registry",
      "POST",
      `${secrets}${dry}`,
      object("v1", "Secret", "s", {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": '{"auths":{}}' },
      }),
    ],
    [
      "a secret of a broken registry",
      "POST",
      secrets,
      object("v1", "Secret", "s", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{" } }),
    ],
    [
      "a secret of a password",
      "POST",
      secrets,
      object("v1", "Secret", "s", { type: "kubernetes.io/basic-auth", stringData: { host: "a" } }),
    ],
    [
      "a secret of a key",
      "POST",
      secrets,
      object("v1", "Secret", "s", { type: "kubernetes.io/ssh-auth", stringData: {} }),
    ],
    [
      "a secret of an account",
      "POST",
      secrets,
      object("v1", "Secret", "s", { type: "kubernetes.io/service-account-token" }),
    ],
    [
      "a secret of both",
      "POST",
      `${secrets}${dry}`,
      object("v1", "Secret", "s", { data: { a: "YQ==" }, stringData: { a: "b", c: "d" } }),
    ],
    ["a secret of null", "POST", `${secrets}${dry}`, object("v1", "Secret", "s", { data: { a: null } })],
    ["a map of all bytes", "POST", `${maps}${dry}`, configMap("m", { binaryData: { a: "AAEC/w==" } })],
    ["a map that is too large", "POST", maps, configMap("m", { data: { a: "x".repeat(1_048_577) } })],
    ["a map of a long key", "POST", maps, configMap("m", { data: { ["k".repeat(254)]: "" } })],
    ["a map of an empty key", "POST", maps, configMap("m", { data: { "": "x" } })],
    ["a map of many annotations", "POST", maps, configMap("m", {}, { annotations: { a: "x".repeat(262_145) } })],
    ["a request that is too large", "POST", maps, "x".repeat(3 * 1024 * 1024 + 1)],
    ["a map by a stranger, too large", "POST", maps, "x".repeat(3 * 1024 * 1024 + 1), as("stranger")],
    [
      "a claim",
      "POST",
      claims,
      object("v1", "PersistentVolumeClaim", "c", {
        spec: { storageClassName: "none", accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } },
      }),
    ],
    ["the claim's modes", "PATCH", `${claims}/c`, { spec: { accessModes: ["Sometimes"] } }, merge],
    ["the claim's status", "PATCH", `${claims}/c/status`, { status: { phase: "Bound" } }, merge],
    ["the claim as a table", "GET", `${claims}/c`, undefined, table],
    [
      "a claim of zero",
      "POST",
      claims,
      object("v1", "PersistentVolumeClaim", "z", {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "0" } } },
      }),
    ],
    [
      "a claim from a map",
      "POST",
      claims,
      object("v1", "PersistentVolumeClaim", "z", {
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: "1Gi" } },
          dataSource: { kind: "ConfigMap", name: "m", apiGroup: "" },
        },
      }),
    ],
    [
      "a namespace that is held",
      "POST",
      namespaces,
      { ...named("household-held"), spec: { finalizers: ["kubernetes", "example.com/hold"] } },
    ],
    [
      "the held namespace's label",
      "PATCH",
      `${namespaces}/household-held`,
      { metadata: { labels: { "kubernetes.io/metadata.name": "other", team: "a" } } },
      merge,
    ],
    [
      "a bad level of it",
      "PATCH",
      `${namespaces}/household-held`,
      { metadata: { labels: { "pod-security.kubernetes.io/enforce": "strict" } } },
      merge,
    ],
    [
      "a good level of it",
      "PATCH",
      `${namespaces}/household-held`,
      {
        metadata: {
          labels: {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "v1.30",
          },
        },
      },
      merge,
    ],
    [
      "a pod in it",
      "POST",
      `${namespaces}/household-held/pods${dry}`,
      idle("p", { hostNetwork: true, ...main({ securityContext: { privileged: true } }) }),
    ],
    [
      "the held namespace's phase",
      "PUT",
      `${namespaces}/household-held/status`,
      { ...named("household-held"), status: { phase: "Odd" } },
    ],
    [
      "the held namespace's finalizers, put back",
      "PUT",
      `${namespaces}/household-held/finalize`,
      { ...named("household-held"), spec: { finalizers: ["example.com/hold"] } },
    ],
    ["the held namespace's end", "DELETE", `${namespaces}/household-held`],
    ["the held namespace's end, again", "DELETE", `${namespaces}/household-held`],
    ["a map in it", "POST", `${namespaces}/household-held/configmaps`, configMap("late")],
    ["maps of it", "GET", `${namespaces}/household-held/configmaps?labelSelector=none`],
    ["the held namespace, made again", "POST", namespaces, named("household-held")],
    ["the held namespace, read", "GET", `${namespaces}/household-held`],
    [
      "the held namespace, free",
      "PUT",
      `${namespaces}/household-held/finalize`,
      { ...named("household-held"), spec: {} },
    ],
    ["the held namespace, gone", "GET", `${namespaces}/household-held`],
    ["the end of the default", "DELETE", `${namespaces}/default`],
    ["the end of the system", "DELETE", `${namespaces}/kube-system`],
    ["a namespace of a bad name", "POST", namespaces, named("Team_A")],
    ["a namespace with dots", "POST", namespaces, named("team.a")],
    ["a namespace that is too long", "POST", namespaces, named("t".repeat(64))],
    ["a namespace in a namespace", "POST", namespaces, object("v1", "Namespace", "x", {}, { namespace: "y" })],
    [
      "a namespace of YAML",
      "POST",
      `${namespaces}${dry}`,
      "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: of-yaml\n  labels: {team: a}\n",
      sent("application/yaml"),
    ],
    ["a namespace by apply", "PATCH", `${namespaces}/by-apply?fieldManager=me&dryRun=All`, named("by-apply"), apply],
    [
      "a namespace, made up",
      "POST",
      `${namespaces}${dry}`,
      { apiVersion: "v1", kind: "Namespace", metadata: { generateName: "Area-" } },
    ],
    ["namespaces active", "GET", `${namespaces}?fieldSelector=status.phase%3DTerminating`],
    ["the quota of nothing", "GET", `${quotas}/none/status`],
  ],
};
