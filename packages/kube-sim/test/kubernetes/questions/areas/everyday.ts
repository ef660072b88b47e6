/** A little of everything, as a person asks who has read the conventions of the API. */
import {
  type Area,
  accept,
  apply,
  as,
  cluster,
  configMap,
  json,
  merge,
  object,
  partial,
  partialList,
  paths,
  pod,
  sent,
  statefulSet,
  strategic,
  table,
  template,
} from "./area.ts";

const { core, apps, batch, rbac, network, of } = paths("everyday");
const maps = core("configmaps");
const policies = of("apis/policy/v1")("poddisruptionbudgets");
const scalers = of("apis/autoscaling/v2")("horizontalpodautoscalers");
const leases = of("apis/coordination.k8s.io/v1")("leases");
const slices = of("apis/discovery.k8s.io/v1")("endpointslices");
const storageClasses = cluster("apis/storage.k8s.io/v1")("storageclasses");
const priorityClasses = cluster("apis/scheduling.k8s.io/v1")("priorityclasses");
const runtimeClasses = cluster("apis/node.k8s.io/v1")("runtimeclasses");
const definitions = cluster("apis/apiextensions.k8s.io/v1")("customresourcedefinitions");
const claims = core("persistentvolumeclaims");
const job = (spec: object) =>
  object("batch/v1", "Job", "x", { spec: { template: template({ restartPolicy: "Never" }, {}), ...spec } });
const cron = (spec: object, name = "x") =>
  object("batch/v1", "CronJob", name, {
    spec: {
      schedule: "0 * * * *",
      jobTemplate: { spec: { template: template({ restartPolicy: "Never" }, {}) } },
      ...spec,
    },
  });
const deployment = (spec: object, name = "x") =>
  object("apps/v1", "Deployment", name, {
    spec: { selector: { matchLabels: { app: "a" } }, template: template(), ...spec },
  });
const service = (spec: object, name = "x") => object("v1", "Service", name, { spec });
const review = (spec: object) => ({ apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec });

export const everyday: Area = {
  name: "everyday",
  asked: [
    // Writes and their options.
    ["a map", "POST", maps, configMap("m", { data: { a: "1" } }, { labels: { app: "a" } })],
    ["a map again", "POST", maps, configMap("m")],
    ["a map again, dryly", "POST", `${maps}?dryRun=All`, configMap("m")],
    ["dry run of nothing", "POST", `${maps}?dryRun=`, configMap("n")],
    ["dry run twice", "POST", `${maps}?dryRun=All&dryRun=All`, configMap("o")],
    ["dry run of a bad word", "DELETE", `${maps}/m?dryRun=all`],
    ["a manager on a post", "POST", `${maps}?fieldManager=me&dryRun=All`, configMap("p", { data: { a: "1" } })],
    ["a manager of two lines", "PUT", `${maps}/m?fieldManager=a%0Ab`, configMap("m")],
    ["validation warned, on a put", "PUT", `${maps}/m?fieldValidation=Warn`, configMap("m", { dat: 1, daat: 2 })],
    [
      "validation strict, on a patch",
      "PATCH",
      `${maps}/m?fieldValidation=Strict`,
      { dat: { a: "1" }, metadata: { lables: {} } },
      merge,
    ],
    [
      "validation strict, on a strategic patch",
      "PATCH",
      `${maps}/m?fieldValidation=Strict`,
      { dat: { a: "1" } },
      strategic,
    ],
    [
      "validation strict, on a json patch",
      "PATCH",
      `${maps}/m?fieldValidation=Strict`,
      [{ op: "add", path: "/dat", value: {} }],
      json,
    ],
    [
      "validation strict, on an apply",
      "PATCH",
      `${maps}/m?fieldValidation=Strict&fieldManager=a`,
      configMap("m", { dat: 1 }),
      apply,
    ],
    ["validation ignored", "PUT", `${maps}/m?fieldValidation=Ignore`, configMap("m", { dat: 1, data: { a: "2" } })],
    ["validation of a word in small letters", "PUT", `${maps}/m?fieldValidation=strict`, configMap("m")],
    [
      "preconditions that hold not",
      "DELETE",
      `${maps}/m`,
      { kind: "DeleteOptions", apiVersion: "v1", preconditions: { resourceVersion: "1" } },
    ],
    ["preconditions by uid", "DELETE", `${maps}/m`, { preconditions: { uid: "x" } }],
    ["a grace below zero", "DELETE", `${maps}/m?gracePeriodSeconds=-1&dryRun=All`],
    ["a grace that is a word", "DELETE", `${maps}/m?gracePeriodSeconds=soon`],
    ["a policy of a bad word", "DELETE", `${maps}/m?propagationPolicy=Away`],
    ["orphans by the old option", "DELETE", `${maps}/m?orphanDependents=true&dryRun=All`],
    ["in the foreground, dryly", "DELETE", `${maps}/m?propagationPolicy=Foreground&dryRun=All`],
    ["a put with an old version", "PUT", `${maps}/m`, configMap("m", {}, { resourceVersion: "1" })],
    ["a put with a version that is no number", "PUT", `${maps}/m`, configMap("m", {}, { resourceVersion: "x" })],
    ["a put of another kind", "PUT", `${maps}/m`, object("v1", "Secret", "m")],
    ["a put of another namespace", "PUT", `${maps}/m`, configMap("m", {}, { namespace: "default" })],
    ["a put of a uid", "PUT", `${maps}/m`, configMap("m", {}, { uid: "00000000-0000-0000-0000-000000000000" })],
    ["a put at no name", "PUT", maps, configMap("m")],
    ["a post at a name", "POST", `${maps}/m`, configMap("m")],
    ["a patch of the collection", "PATCH", maps, {}, merge],
    ["a prefix of capitals", "POST", `${maps}?dryRun=All`, configMap("x", {}, { generateName: "A_" })],
    // Patches.
    ["a json patch's test that fails", "PATCH", `${maps}/m`, [{ op: "test", path: "/data/a", value: "9" }], json],
    ["a json patch's test of nothing", "PATCH", `${maps}/m`, [{ op: "test", path: "/data/zz", value: "9" }], json],
    ["a json patch that copies", "PATCH", `${maps}/m`, [{ op: "copy", from: "/data/a", path: "/data/b" }], json],
    ["a json patch that moves", "PATCH", `${maps}/m`, [{ op: "move", from: "/data/b", path: "/data/c" }], json],
    ["a json patch without a value", "PATCH", `${maps}/m`, [{ op: "add", path: "/data/d" }], json],
    ["a json patch of the whole", "PATCH", `${maps}/m`, [{ op: "replace", path: "", value: {} }], json],
    ["a json patch of another kind", "PATCH", `${maps}/m`, [{ op: "replace", path: "/kind", value: "Secret" }], json],
    ["a merge of a list", "PATCH", `${maps}/m`, [1], merge],
    ["a merge of a number", "PATCH", `${maps}/m`, 7, merge],
    ["a merge that renames", "PATCH", `${maps}/m`, { metadata: { name: "q" } }, merge],
    ["a merge by an old version", "PATCH", `${maps}/m`, { metadata: { resourceVersion: "1" } }, merge],
    ["a merge that removes labels", "PATCH", `${maps}/m`, { metadata: { labels: null } }, merge],
    ["a merge of a bad label", "PATCH", `${maps}/m`, { metadata: { labels: { "-": "*" } } }, merge],
    // Apply.
    ["applied by a", "PATCH", `${maps}/ap?fieldManager=a`, configMap("ap", { data: { k: "1", l: "1" } }), apply],
    ["applied by b, in conflict", "PATCH", `${maps}/ap?fieldManager=b`, configMap("ap", { data: { k: "2" } }), apply],
    [
      "applied by b, the same value",
      "PATCH",
      `${maps}/ap?fieldManager=b`,
      configMap("ap", { data: { k: "1" } }),
      apply,
    ],
    [
      "applied by b, with force",
      "PATCH",
      `${maps}/ap?fieldManager=b&force=true`,
      configMap("ap", { data: { k: "3" } }),
      apply,
    ],
    ["applied by a, with less", "PATCH", `${maps}/ap?fieldManager=a`, configMap("ap", { data: {} }), apply],
    ["force on a merge", "PATCH", `${maps}/ap?force=true`, {}, merge],
    ["force of no", "PATCH", `${maps}/ap?fieldManager=b&force=no`, configMap("ap"), apply],
    ["applied by nobody", "PATCH", `${maps}/ap`, configMap("ap"), apply],
    [
      "applied with managed fields",
      "PATCH",
      `${maps}/ap?fieldManager=a`,
      configMap("ap", {}, { managedFields: [{ manager: "a" }] }),
      apply,
    ],
    ["applied without a kind", "PATCH", `${maps}/ap?fieldManager=a`, { data: { a: "1" } }, apply],
    ["managed fields taken away", "PATCH", `${maps}/ap`, { metadata: { managedFields: [{}] } }, merge],
    ["managed fields, then", "GET", `${maps}/ap`],
    // Reading.
    ["as a table", "GET", maps, undefined, table],
    ["one as a table without objects", "GET", `${maps}/m?includeObject=None`, undefined, table],
    ["as a table with whole objects", "GET", `${maps}?includeObject=Object`, undefined, table],
    ["as metadata", "GET", `${maps}/m`, undefined, partial],
    ["as metadata of a list", "GET", `${maps}?limit=1`, undefined, partialList],
    ["a limit below zero", "GET", `${maps}?limit=-1`],
    ["an offset of nonsense", "GET", `${maps}?continue=abc`],
    ["exactly a version, without one", "GET", `${maps}?resourceVersionMatch=Exact`],
    [
      "not older than, at zero",
      "GET",
      `${maps}?resourceVersion=0&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name=m`,
    ],
    ["a match of a bad word", "GET", `${maps}?resourceVersion=1&resourceVersionMatch=About`],
    [
      "a selector of names that are out",
      "GET",
      `${maps}?fieldSelector=metadata.name!=m,metadata.name!=ap&labelSelector=app`,
    ],
    ["a selector of a field that none has", "GET", `${maps}?fieldSelector=data.a=1`],
    ["a selector of labels, broken", "GET", `${maps}?labelSelector=a%20b`],
    ["a selector of labels, in", "GET", `${maps}?labelSelector=app%20in%20(a,b),!c`],
    [
      "a watch of one, by a field",
      "GET",
      `${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=m&resourceVersion=0`,
    ],
    [
      "a watch with bookmarks and the first events",
      "GET",
      `${maps}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=none`,
    ],
    ["first events without a match", "GET", `${maps}?watch=1&sendInitialEvents=true`],
    ["first events without a watch", "GET", `${maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`],
    ["a watch of a word as a version", "GET", `${maps}?watch=1&resourceVersion=x`],
    ["a watch with a limit of time that is a word", "GET", `${maps}?watch=1&timeoutSeconds=x`],
    ["an exact version of the future", "GET", `${maps}?resourceVersion=99999999&resourceVersionMatch=Exact`],
    ["one at a version of the future", "GET", `${maps}/m?resourceVersion=99999999`],
    ["what is not there", "GET", `${maps}/none`],
    ["a media type of nobody", "GET", `${maps}/m`, undefined, accept("text/csv")],
    ["text and JSON", "GET", `${maps}/none`, undefined, accept("text/plain;q=0.9, application/json;q=0.1")],
    ["as YAML", "GET", `${maps}/none`, undefined, accept("application/yaml")],
    [
      "as a table of an old version",
      "GET",
      maps,
      undefined,
      accept("application/json;as=Table;v=v1beta1;g=meta.k8s.io"),
    ],
    ["a body of a type of nobody", "POST", maps, configMap("x"), sent("text/plain")],
    ["a patch of the type JSON", "PATCH", `${maps}/m`, {}, sent("application/json")],
    // Workloads.
    [
      "a deployment of all mistakes",
      "POST",
      apps("deployments"),
      deployment({
        replicas: -1,
        minReadySeconds: -1,
        revisionHistoryLimit: -1,
        progressDeadlineSeconds: 0,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
        template: template({ containers: [{ name: "A", image: "" }] }, { labels: { app: "b" } }),
      }),
    ],
    ["a deployment", "POST", apps("deployments"), deployment({ replicas: 0 }, "d")],
    [
      "a deployment's selector",
      "PATCH",
      `${apps("deployments")}/d`,
      { spec: { selector: { matchLabels: { b: "c" } } } },
      merge,
    ],
    [
      "a deployment's scale, wrong",
      "PUT",
      `${apps("deployments")}/d/scale`,
      object("autoscaling/v1", "Scale", "d", { spec: { replicas: -2 } }),
    ],
    ["a deployment's scale, patched", "PATCH", `${apps("deployments")}/d/scale`, { spec: { replicas: 0 } }, merge],
    [
      "a deployment by strategic merge",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      { spec: { template: { spec: { containers: [{ name: "side", image: "s" }] } } } },
      strategic,
    ],
    [
      "a set with claims",
      "POST",
      `${apps("statefulsets")}?dryRun=All`,
      statefulSet("x", {
        volumeClaimTemplates: [
          {
            metadata: { name: "c" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      }),
    ],
    [
      "a set with a policy of nobody",
      "POST",
      apps("statefulsets"),
      statefulSet("x", {
        podManagementPolicy: "Now",
        updateStrategy: { type: "Some" },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "x", whenScaled: "y" },
      }),
    ],
    [
      "a daemon set of a wrong strategy",
      "POST",
      apps("daemonsets"),
      object("apps/v1", "DaemonSet", "x", {
        spec: {
          selector: { matchLabels: { app: "a" } },
          template: template({ restartPolicy: "Never" }),
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
        },
      }),
    ],
    [
      "a set of replicas",
      "POST",
      `${apps("replicasets")}?dryRun=All`,
      object("apps/v1", "ReplicaSet", "x", {
        spec: { selector: { matchExpressions: [{ key: "app", operator: "In", values: ["a"] }] }, template: template() },
      }),
    ],
    [
      "a controller",
      "POST",
      `${core("replicationcontrollers")}?dryRun=All`,
      object("v1", "ReplicationController", "x", { spec: { template: template() } }),
    ],
    [
      "a job of mistakes",
      "POST",
      batch("jobs"),
      job({
        parallelism: -1,
        completions: -2,
        backoffLimit: -3,
        activeDeadlineSeconds: -4,
        ttlSecondsAfterFinished: -5,
      }),
    ],
    ["a job that restarts always", "POST", batch("jobs"), job({ template: template({ restartPolicy: "Always" }, {}) })],
    ["an indexed job", "POST", batch("jobs"), job({ completionMode: "Indexed" })],
    [
      "a job's rules of failure",
      "POST",
      batch("jobs"),
      job({
        podFailurePolicy: {
          rules: [{ action: "FailJob" }, { action: "Bad", onExitCodes: { operator: "In", values: [0, 1, 1] } }],
        },
      }),
    ],
    ["a suspended job", "POST", `${batch("jobs")}?dryRun=All`, job({ suspend: true, completions: 3, parallelism: 2 })],
    ["a cron job of a bad schedule", "POST", batch("cronjobs"), cron({ schedule: "every day" })],
    [
      "a cron job of a bad zone",
      "POST",
      batch("cronjobs"),
      cron({
        timeZone: "Mars/One",
        concurrencyPolicy: "Sometimes",
        startingDeadlineSeconds: -1,
        successfulJobsHistoryLimit: -1,
        failedJobsHistoryLimit: -1,
      }),
    ],
    ["a cron job with a zone in its schedule", "POST", batch("cronjobs"), cron({ schedule: "TZ=UTC 0 * * * *" })],
    ["a cron job of a long name", "POST", batch("cronjobs"), cron({}, "n".repeat(53))],
    ["a cron job", "POST", `${batch("cronjobs")}?dryRun=All`, cron({})],
    [
      "a pod of wrong volumes",
      "POST",
      core("pods"),
      pod("x", {
        volumes: [{ name: "v" }, { name: "v", emptyDir: {}, configMap: { name: "" } }],
        containers: [
          {
            name: "main",
            image: "a",
            volumeMounts: [
              { name: "w", mountPath: "" },
              { name: "v", mountPath: "/a:b", subPath: "../x" },
            ],
          },
        ],
      }),
    ],
    [
      "a pod of wrong probes",
      "POST",
      core("pods"),
      pod("x", {
        containers: [
          {
            name: "main",
            image: "a",
            livenessProbe: {
              httpGet: { port: 0, path: "" },
              tcpSocket: { port: "no_name" },
              periodSeconds: -1,
              successThreshold: 2,
            },
            readinessProbe: {},
          },
        ],
      }),
    ],
    [
      "a pod of wrong resources",
      "POST",
      core("pods"),
      pod("x", {
        containers: [
          {
            name: "main",
            image: "a",
            resources: { requests: { cpu: "2" }, limits: { cpu: "1" } },
          },
        ],
      }),
    ],
    [
      "a pod of wrong variables",
      "POST",
      core("pods"),
      pod("x", {
        containers: [
          {
            name: "main",
            image: "a",
            env: [
              { name: "" },
              { name: "a=b" },
              { name: "F", valueFrom: { fieldRef: { fieldPath: "spec.none" } } },
              { name: "G", value: "x", valueFrom: { secretKeyRef: { name: "", key: "" } } },
            ],
          },
        ],
      }),
    ],
    [
      "a pod of wrong places",
      "POST",
      core("pods"),
      pod("x", {
        nodeSelector: { "a b": "c" },
        tolerations: [
          { operator: "Exists", value: "x" },
          { key: "a", effect: "Never" },
        ],
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] } },
        topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "", whenUnsatisfiable: "x" }],
      }),
    ],
    [
      "a pod of wrong rights",
      "POST",
      core("pods"),
      pod("x", {
        securityContext: {
          runAsUser: -1,
          sysctls: [{ name: "a..b", value: "" }],
          seccompProfile: { type: "Localhost" },
        },
        containers: [
          {
            name: "main",
            image: "a",
            securityContext: {
              privileged: true,
              allowPrivilegeEscalation: false,
              capabilities: { add: ["SYS_ADMIN"] },
            },
          },
        ],
      }),
    ],
    [
      "a pod of the host",
      "POST",
      core("pods"),
      pod("x", {
        hostNetwork: true,
        hostPID: true,
        shareProcessNamespace: true,
        containers: [
          {
            name: "main",
            image: "a",
            ports: [
              { containerPort: 80, hostPort: 81 },
              { containerPort: 0, protocol: "tcp" },
            ],
          },
        ],
      }),
    ],
    [
      "a pod of wrong names of hosts",
      "POST",
      core("pods"),
      pod("x", { hostname: "a.b", subdomain: "A", dnsPolicy: "None", hostAliases: [{ ip: "x", hostnames: ["A"] }] }),
    ],
    ["a pod of a class of priority that is not there", "POST", core("pods"), pod("x", { priorityClassName: "none" })],
    ["a pod of a class of runtime that is not there", "POST", core("pods"), pod("x", { runtimeClassName: "none" })],
    ["a pod of an account that is not there", "POST", core("pods"), pod("x", { serviceAccountName: "none" })],
    // Services and network.
    ["a service of no ports", "POST", core("services"), service({ selector: { a: "b" } })],
    [
      "a service of mistakes",
      "POST",
      core("services"),
      service({
        type: "Bad",
        ports: [
          { port: 0, protocol: "X", targetPort: "A_B" },
          { port: 80, nodePort: 30000 },
        ],
        sessionAffinity: "Some",
        externalTrafficPolicy: "Any",
        internalTrafficPolicy: "Any",
      }),
    ],
    [
      "a service of a port for nodes out of range",
      "POST",
      core("services"),
      service({ type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }),
    ],
    [
      "a service of an address out of range",
      "POST",
      core("services"),
      service({ clusterIP: "1.2.3.4", ports: [{ port: 80 }] }),
    ],
    [
      "a service of a name outside",
      "POST",
      `${core("services")}?dryRun=All`,
      service({ type: "ExternalName", externalName: "a.example" }),
    ],
    [
      "a service of a bad name outside",
      "POST",
      core("services"),
      service({ type: "ExternalName", externalName: "a_b", clusterIP: "None" }),
    ],
    [
      "a service with affinity",
      "POST",
      core("services"),
      service({
        ports: [{ port: 80 }],
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
      }),
    ],
    [
      "an ingress of mistakes",
      "POST",
      network("ingresses"),
      object("networking.k8s.io/v1", "Ingress", "x", {
        spec: {
          rules: [
            {
              host: "*",
              http: {
                paths: [
                  { path: "a", pathType: "Exact", backend: {} },
                  { path: "/", backend: { service: { name: "S", port: { number: 0 } } } },
                ],
              },
            },
          ],
          tls: [{ hosts: ["*.*.a"] }],
        },
      }),
    ],
    [
      "an ingress of nothing",
      "POST",
      network("ingresses"),
      object("networking.k8s.io/v1", "Ingress", "x", { spec: {} }),
    ],
    [
      "an ingress",
      "POST",
      `${network("ingresses")}?dryRun=All`,
      object(
        "networking.k8s.io/v1",
        "Ingress",
        "x",
        { spec: { defaultBackend: { service: { name: "s", port: { name: "http" } } } } },
        { annotations: { "kubernetes.io/ingress.class": "c" } },
      ),
    ],
    [
      "a policy of networks of mistakes",
      "POST",
      network("networkpolicies"),
      object("networking.k8s.io/v1", "NetworkPolicy", "x", {
        spec: {
          podSelector: { matchLabels: { "a b": "c" } },
          policyTypes: ["Both"],
          ingress: [
            {
              from: [{}, { ipBlock: { cidr: "10.0.0.1/8", except: ["11.0.0.0/8"] } }],
              ports: [{ port: 1, endPort: 0 }],
            },
          ],
        },
      }),
    ],
    [
      "slices of mistakes",
      "POST",
      slices,
      object("discovery.k8s.io/v1", "EndpointSlice", "x", {
        addressType: "IPv4",
        endpoints: [{ addresses: [] }, { addresses: ["::1", "a"] }],
        ports: [{ name: "A", port: 0, protocol: "x" }],
      }),
    ],
    [
      "slices of an unknown type",
      "POST",
      slices,
      object("discovery.k8s.io/v1", "EndpointSlice", "x", { addressType: "Other", endpoints: [] }),
    ],
    [
      "endpoints",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "x", { subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ port: 70000 }] }] }),
    ],
    // Single kinds.
    [
      "a lease of mistakes",
      "POST",
      leases,
      object("coordination.k8s.io/v1", "Lease", "x", {
        spec: { leaseDurationSeconds: 0, leaseTransitions: -1, holderIdentity: "" },
      }),
    ],
    [
      "a lease of a bad time",
      "POST",
      leases,
      object("coordination.k8s.io/v1", "Lease", "x", { spec: { renewTime: "yesterday" } }),
    ],
    [
      "a lease",
      "POST",
      `${leases}?dryRun=All`,
      object("coordination.k8s.io/v1", "Lease", "x", {
        spec: { holderIdentity: "h", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00Z" },
      }),
    ],
    [
      "a scaler of mistakes",
      "POST",
      scalers,
      object("autoscaling/v2", "HorizontalPodAutoscaler", "x", {
        spec: {
          minReplicas: 0,
          maxReplicas: 0,
          scaleTargetRef: { kind: "", name: "" },
          metrics: [{ type: "Resource" }, { type: "Odd" }],
        },
      }),
    ],
    [
      "a scaler",
      "POST",
      `${scalers}?dryRun=All`,
      object("autoscaling/v2", "HorizontalPodAutoscaler", "x", {
        spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } },
      }),
    ],
    [
      "a budget of both",
      "POST",
      policies,
      object("policy/v1", "PodDisruptionBudget", "x", {
        spec: { minAvailable: 1, maxUnavailable: "150%", selector: {} },
      }),
    ],
    [
      "a budget of percents",
      "POST",
      policies,
      object("policy/v1", "PodDisruptionBudget", "x", {
        spec: { minAvailable: "-5%", unhealthyPodEvictionPolicy: "x" },
      }),
    ],
    [
      "a budget",
      "POST",
      policies,
      object("policy/v1", "PodDisruptionBudget", "b", {
        spec: { minAvailable: "50%", selector: { matchLabels: { a: "b" } } },
      }),
    ],
    ["budgets as a table", "GET", policies, undefined, table],
    [
      "a secret of a wrong type for its data",
      "POST",
      core("secrets"),
      object("v1", "Secret", "x", { type: "kubernetes.io/tls", data: { "tls.crt": "" } }),
    ],
    [
      "a secret of ssh",
      "POST",
      core("secrets"),
      object("v1", "Secret", "x", { type: "kubernetes.io/ssh-auth", data: {} }),
    ],
    [
      "a secret of basic access",
      "POST",
      core("secrets"),
      object("v1", "Secret", "x", { type: "kubernetes.io/basic-auth", stringData: { other: "a" } }),
    ],
    [
      "a secret for images",
      "POST",
      core("secrets"),
      object("v1", "Secret", "x", { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{" } }),
    ],
    [
      "a secret of text",
      "POST",
      `${core("secrets")}?dryRun=All`,
      object("v1", "Secret", "x", { data: { a: "AA==" }, stringData: { a: "b", c: "d" } }),
    ],
    ["a secret of no base64", "POST", core("secrets"), object("v1", "Secret", "x", { data: { a: "*" } })],
    ["a secret's type changed", "POST", core("secrets"), object("v1", "Secret", "s", { type: "a/b" })],
    ["a secret's type changed, then", "PATCH", `${core("secrets")}/s`, { type: "c/d" }, merge],
    [
      "a token's secret of no account",
      "POST",
      core("secrets"),
      object("v1", "Secret", "x", { type: "kubernetes.io/service-account-token" }),
    ],
    [
      "a quota of mistakes",
      "POST",
      core("resourcequotas"),
      object("v1", "ResourceQuota", "x", {
        spec: { hard: { pods: "-1" }, scopes: ["BestEffort", "NotBestEffort"] },
      }),
    ],
    [
      "a range of limits of mistakes",
      "POST",
      core("limitranges"),
      object("v1", "LimitRange", "x", {
        spec: {
          limits: [
            { type: "Container", min: { cpu: "2" }, max: { cpu: "1" }, default: { cpu: "3" } },
            { type: "Pod", default: { cpu: "1" } },
            { type: "Container" },
          ],
        },
      }),
    ],
    [
      "a claim of mistakes",
      "POST",
      claims,
      object("v1", "PersistentVolumeClaim", "x", {
        spec: {
          accessModes: ["Some"],
          resources: { requests: { storage: "0" } },
          volumeMode: "x",
          storageClassName: "A_B",
        },
      }),
    ],
    ["a claim of nothing", "POST", claims, object("v1", "PersistentVolumeClaim", "x", { spec: {} })],
    [
      "a class of storage of mistakes",
      "POST",
      storageClasses,
      object("storage.k8s.io/v1", "StorageClass", "x-everyday", {
        provisioner: "A B",
        reclaimPolicy: "Recycle",
        volumeBindingMode: "x",
        parameters: { "": "a" },
      }),
    ],
    [
      "a class of storage",
      "POST",
      `${storageClasses}?dryRun=All`,
      object("storage.k8s.io/v1", "StorageClass", "y-everyday", { provisioner: "a.example" }),
    ],
    [
      "a class of priority of mistakes",
      "POST",
      priorityClasses,
      object("scheduling.k8s.io/v1", "PriorityClass", "system-x", { value: 2000000000, preemptionPolicy: "x" }),
    ],
    [
      "a class of priority",
      "POST",
      `${priorityClasses}?dryRun=All`,
      object("scheduling.k8s.io/v1", "PriorityClass", "p-everyday", { value: 5, description: "d" }),
    ],
    [
      "a class of runtime of mistakes",
      "POST",
      runtimeClasses,
      object("node.k8s.io/v1", "RuntimeClass", "r-everyday", {
        handler: "A_B",
        overhead: { podFixed: { cpu: "-1" } },
        scheduling: { nodeSelector: { "a b": "c" } },
      }),
    ],
    [
      "an event of mistakes",
      "POST",
      core("events"),
      object("v1", "Event", "x", { involvedObject: { namespace: "other" }, type: "Loud" }),
    ],
    [
      "an event",
      "POST",
      `${core("events")}?dryRun=All`,
      object("v1", "Event", "x", {
        involvedObject: { kind: "Pod", namespace: "area-everyday", name: "p" },
        reason: "r",
        message: "m",
      }),
    ],
    [
      "an account",
      "POST",
      core("serviceaccounts"),
      object("v1", "ServiceAccount", "sa", { secrets: [{ name: "s" }], automountServiceAccountToken: false }),
    ],
    [
      "a token of an account, too short",
      "POST",
      `${core("serviceaccounts")}/sa/token`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 1 } },
    ],
    [
      "a token of an account, too long",
      "POST",
      `${core("serviceaccounts")}/sa/token`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 4294967297 } },
    ],
    [
      "a token of nobody",
      "POST",
      `${core("serviceaccounts")}/none/token`,
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    ],
    [
      "a token for a secret",
      "POST",
      `${core("serviceaccounts")}/sa/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "none" } },
      },
    ],
    [
      "a token for a map",
      "POST",
      `${core("serviceaccounts")}/sa/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "m" } },
      },
    ],
    [
      "a namespace of levels that are wrong",
      "POST",
      "/api/v1/namespaces",
      object(
        "v1",
        "Namespace",
        "area-levels",
        {},
        { labels: { "pod-security.kubernetes.io/enforce": "strict", "pod-security.kubernetes.io/warn-version": "1" } },
      ),
    ],
    [
      "a namespace's finalizers, wrong",
      "PUT",
      "/api/v1/namespaces/area-everyday/finalize",
      object("v1", "Namespace", "area-everyday", { spec: { finalizers: ["x"] } }),
    ],
    // Rights.
    [
      "a role of mistakes",
      "POST",
      rbac("roles"),
      object("rbac.authorization.k8s.io/v1", "Role", "x", {
        rules: [
          { verbs: [], apiGroups: [], resources: [] },
          { verbs: ["get"], nonResourceURLs: ["/a"] },
        ],
      }),
    ],
    [
      "a binding of mistakes",
      "POST",
      rbac("rolebindings"),
      object("rbac.authorization.k8s.io/v1", "RoleBinding", "x", {
        roleRef: { apiGroup: "x", kind: "Y", name: "" },
        subjects: [
          { kind: "ServiceAccount", name: "A_B" },
          { kind: "User", apiGroup: "x", name: "" },
          { kind: "Thing", name: "z" },
        ],
      }),
    ],
    [
      "a role of the cluster",
      "POST",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles?dryRun=All",
      object("rbac.authorization.k8s.io/v1", "ClusterRole", "x-everyday", {
        aggregationRule: { clusterRoleSelectors: [] },
        rules: [{ verbs: ["get"], nonResourceURLs: ["/a/*/b"] }],
      }),
    ],
    ["a deletion by a reader", "DELETE", `${maps}/m`, undefined, as("reader")],
    ["a watch by a reader", "GET", `${maps}?watch=1&timeoutSeconds=1`, undefined, as("reader")],
    ["a patch by a stranger", "PATCH", `${maps}/m`, {}, { ...merge, caller: "stranger" }],
    ["everything deleted by a reader", "DELETE", maps, undefined, as("reader")],
    ["a status by a reader", "GET", `${apps("deployments")}/d/status`, undefined, as("reader")],
    ["a review of nothing", "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review({})],
    [
      "a review of both",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      review({ user: "u", resourceAttributes: { verb: "get" }, nonResourceAttributes: { path: "/", verb: "get" } }),
    ],
    [
      "a review of a group",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      review({ groups: ["system:masters"], resourceAttributes: { verb: "get", resource: "pods" } }),
    ],
    [
      "a review of a selector",
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: {
          resourceAttributes: {
            verb: "list",
            resource: "pods",
            fieldSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "In", values: ["b"] }] },
          },
        },
      },
    ],
    // Definitions.
    [
      "a definition of mistakes",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "x.y.example", {
        spec: {
          group: "y.example",
          scope: "Some",
          names: { plural: "z", kind: "z" },
          versions: [{ name: "V1", served: true, storage: false, schema: { openAPIV3Schema: { type: "string" } } }],
        },
      }),
    ],
    [
      "a definition without a schema",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zs.y.example", {
        spec: {
          group: "y.example",
          scope: "Namespaced",
          names: { plural: "zs", kind: "Z" },
          versions: [{ name: "v1", served: true, storage: true }],
        },
      }),
    ],
    [
      "a definition of a wrong schema",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zs.y.example", {
        spec: {
          group: "y.example",
          scope: "Namespaced",
          names: { plural: "zs", kind: "Z" },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              subresources: { scale: { specReplicasPath: "x" } },
              additionalPrinterColumns: [{ name: "", type: "x", jsonPath: "a" }],
              schema: {
                openAPIV3Schema: {
                  type: "object",
                  properties: {
                    a: { type: "array" },
                  },
                },
              },
            },
          ],
        },
      }),
    ],
    // What is done all the same.
    [
      "warned: a pod of old things",
      "POST",
      `${core("pods")}?dryRun=All`,
      pod(
        "x.y",
        {
          nodeSelector: { "beta.kubernetes.io/os": "linux" },
          volumes: [
            { name: "v", gitRepo: { repository: "r" } },
            {
              name: "w",
              configMap: {
                name: "m",
                items: [
                  { key: "a", path: "p" },
                  { key: "b", path: "p/q" },
                ],
              },
            },
          ],
          imagePullSecrets: [{ name: "a" }, { name: "a" }, {}],
          terminationGracePeriodSeconds: -1,
          topologySpreadConstraints: [
            { maxSkew: 1, topologyKey: "failure-domain.beta.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule" },
          ],
          containers: [
            {
              name: "main",
              image: "a",
              env: [
                { name: "A", value: "1" },
                { name: "A", value: "2" },
                { name: "B", value: "1" },
                { name: "B", value: "$(B)2" },
              ],
              ports: [
                { containerPort: 80, name: "p" },
                { containerPort: 80, hostPort: 81 },
              ],
              resources: { requests: { memory: "100m" } },
            },
            { name: "side", image: "b", ports: [{ containerPort: 80 }, { containerPort: 81, name: "p" }] },
          ],
        },
        { annotations: { "scheduler.alpha.kubernetes.io/critical-pod": "" } },
      ),
    ],
    [
      "warned: a template",
      "POST",
      `${apps("deployments")}?dryRun=All`,
      deployment(
        {
          template: template({
            affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "a" }] } },
            hostAliases: [{ ip: "10.0.0.1" }, { ip: "10.0.0.1" }],
          }),
        },
        "a.b",
      ),
    ],
    [
      "warned: a template, changed",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      { spec: { template: { spec: { terminationGracePeriodSeconds: -5 } } } },
      merge,
    ],
    [
      "warned: a label alone, changed",
      "PATCH",
      `${apps("deployments")}/d?dryRun=All`,
      { metadata: { labels: { a: "b" } } },
      merge,
    ],
    [
      "warned: a job of a name with a dot",
      "POST",
      `${batch("jobs")}?dryRun=All`,
      object("batch/v1", "Job", "a.b", { spec: { template: template({ restartPolicy: "Never" }, {}) } }),
    ],
    [
      "warned: a service without a head",
      "POST",
      `${core("services")}?dryRun=All`,
      service({
        clusterIP: "None",
        sessionAffinity: "ClientIP",
        ports: [{ port: 80 }],
        selector: { a: "b" },
        externalIPs: ["1.2.3.4"],
      }),
    ],
    [
      "warned: a service with addresses outside",
      "POST",
      `${core("services")}?dryRun=All`,
      service({
        ports: [{ port: 80 }],
        selector: { a: "b" },
        externalIPs: ["2001:0DB8::1"],
        externalName: "a.example",
        trafficDistribution: "PreferClose",
      }),
    ],
    [
      "warned: a quota of more than its limit",
      "POST",
      `${core("resourcequotas")}?dryRun=All`,
      object("v1", "ResourceQuota", "x", { spec: { hard: { "requests.cpu": "2", "limits.cpu": "1" } } }),
    ],
    [
      "warned: a claim of a part of a byte",
      "POST",
      `${claims}?dryRun=All`,
      object(
        "v1",
        "PersistentVolumeClaim",
        "x",
        { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1500m" } } } },
        { annotations: { "volume.beta.kubernetes.io/storage-class": "a" } },
      ),
    ],
    [
      "warned: slices of names",
      "POST",
      `${slices}?dryRun=All`,
      object("discovery.k8s.io/v1", "EndpointSlice", "x", {
        addressType: "FQDN",
        endpoints: [{ addresses: ["a.example"] }],
      }),
    ],
    [
      "warned: an account with a list of secrets",
      "POST",
      `${core("serviceaccounts")}?dryRun=All`,
      object("v1", "ServiceAccount", "x", {}, { annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } }),
    ],
    [
      "warned: a definition of unknown formats",
      "POST",
      `${definitions}?dryRun=All`,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "zs.y.example", {
        spec: {
          group: "y.example",
          scope: "Namespaced",
          names: { plural: "zs", kind: "Z" },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: "object",
                  properties: {
                    a: { type: "string", format: "odd" },
                    b: { type: "integer", format: "int32" },
                    c: { type: "string", format: "date-time" },
                  },
                },
              },
            },
          ],
        },
      }),
    ],
    // Paths.
    ["a path of nothing", "GET", "/nothing"],
    ["a group of nobody", "GET", "/apis/none.example"],
    ["a version of nobody", "GET", "/apis/apps/v9"],
    ["a kind of nobody", "GET", core("things")],
    ["a subresource of nobody", "GET", `${maps}/m/status`],
    ["a scale of a map", "PUT", `${maps}/m/scale`, {}],
    ["a method of nobody", "OPTIONS", maps],
    ["a head", "HEAD", `${maps}/m`],
    ["all deleted by a selector, dryly", "DELETE", `${maps}?labelSelector=none&dryRun=All`],
    ["all deleted with preconditions", "DELETE", `${maps}?dryRun=All`, { preconditions: { uid: "x" } }],
    ["all deleted", "DELETE", `${maps}?fieldSelector=metadata.name=m`],
  ],
};
