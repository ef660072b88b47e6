/** What kubectl and Helm send for what a team does with a release. */
import { type Area, accept, apply, as, cluster, configMap, merge, object, paths, sent, strategic } from "./area.ts";

const { core, apps, batch, of, rbac, network } = paths("releases");
const kubectlTable = accept(
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
);
const aggregated = accept(
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
);
const created = "fieldManager=kubectl-create&fieldValidation=Strict";
const clientApply = "fieldManager=kubectl-client-side-apply&fieldValidation=Strict";
const helm = "fieldManager=helm&fieldValidation=Strict";
const labels = { "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "shop" };
const annotations = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "area-releases" };
const released = { labels, annotations };
const web = (spec: object = {}) =>
  object(
    "apps/v1",
    "Deployment",
    "shop-web",
    {
      spec: {
        ...{ paused: true, replicas: 0, selector: { matchLabels: { "app.kubernetes.io/name": "shop" } } },
        template: {
          metadata: { labels: { "app.kubernetes.io/name": "shop" } },
          spec: {
            serviceAccountName: "shop",
            securityContext: {},
            containers: [
              {
                ...{ name: "web", image: "nginx:1.27", imagePullPolicy: "IfNotPresent", securityContext: {} },
                ports: [{ name: "http", containerPort: 80, protocol: "TCP" }],
                livenessProbe: { httpGet: { path: "/", port: "http" } },
                readinessProbe: { httpGet: { path: "/", port: "http" } },
                resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "128Mi" } },
                env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "shop", key: "level" } } }],
                volumeMounts: [{ name: "config", mountPath: "/etc/shop", readOnly: true }],
              },
            ],
            volumes: [{ name: "config", configMap: { name: "shop" } }],
          },
        },
        ...spec,
      },
    },
    released,
  );
const service = (spec: object = {}) =>
  object(
    "v1",
    "Service",
    "shop-web",
    {
      spec: {
        type: "ClusterIP",
        clusterIP: "None",
        ports: [{ port: 80, targetPort: "http", name: "http" }],
        selector: labels,
        ...spec,
      },
    },
    released,
  );
const release = (version: number, status: string) =>
  object(
    "v1",
    "Secret",
    `sh.helm.release.v1.shop.v${version}`,
    { type: "helm.sh/release.v1", data: { release: "SDRzSQ==" } },
    { labels: { name: "shop", owner: "helm", status, version: String(version) } },
  );
const deployments = apps("deployments");
const maps = core("configmaps");
const secrets = core("secrets");
const last = (value: unknown) => ({
  annotations: { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(value)}\n` },
});

export const releases: Area = {
  name: "releases",
  asked: [
    ["discovery of the core", "GET", "/api?timeout=32s", undefined, accept("application/json")],
    ["discovery of a group", "GET", "/apis/apps/v1?timeout=32s"],
    ["discovery of policies", "GET", "/apis/policy/v1"],
    ["discovery of autoscaling", "GET", "/apis/autoscaling/v2"],
    ["discovery of storage", "GET", "/apis/storage.k8s.io/v1"],
    ["discovery of networks", "GET", "/apis/networking.k8s.io/v1"],
    ["discovery of rights", "GET", "/apis/rbac.authorization.k8s.io/v1"],
    ["discovery of leases", "GET", "/apis/coordination.k8s.io/v1"],
    ["discovery of nobody's metrics", "GET", "/apis/metrics.k8s.io/v1beta1/pods"],
    ["discovery of an alpha", "GET", "/apis/batch/v2alpha1"],
    ["aggregated discovery of a stranger", "GET", "/api", undefined, { ...aggregated, caller: "anonymous" }],
    ["the index of OpenAPI 3 of a group that is none", "GET", "/openapi/v3/apis/none/v1"],
    ["OpenAPI 2 by a stranger", "HEAD", "/openapi/v2", undefined, as("anonymous")],
    ["the version", "HEAD", "/version?timeout=32s"],
    [
      "the account",
      "POST",
      `${core("serviceaccounts")}?${helm}`,
      object("v1", "ServiceAccount", "shop", { automountServiceAccountToken: true }, released),
    ],
    ["the map", "POST", `${maps}?${helm}`, configMap("shop", { data: { level: "info" } }, released)],
    ["the map, once more", "POST", `${maps}?${helm}`, configMap("shop", { data: { level: "info" } }, released)],
    ["the service", "POST", `${core("services")}?${helm}`, service()],
    ["the deployment", "POST", `${deployments}?${helm}`, web()],
    [
      "the autoscaler",
      "POST",
      `${of("apis/autoscaling/v2")("horizontalpodautoscalers")}?dryRun=All&${helm}`,
      object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "shop-web",
        {
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "shop-web" },
            minReplicas: 1,
            maxReplicas: 3,
            metrics: [
              { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
            ],
          },
        },
        released,
      ),
    ],
    [
      "an autoscaler without a target",
      "POST",
      of("apis/autoscaling/v2")("horizontalpodautoscalers"),
      object("autoscaling/v2", "HorizontalPodAutoscaler", "no", { spec: { maxReplicas: 0 } }),
    ],
    [
      "the ingress",
      "POST",
      `${network("ingresses")}?${helm}`,
      object(
        "networking.k8s.io/v1",
        "Ingress",
        "shop",
        {
          spec: {
            ingressClassName: "nginx",
            rules: [
              {
                host: "shop.example.com",
                http: {
                  paths: [
                    {
                      path: "/",
                      pathType: "ImplementationSpecific",
                      backend: { service: { name: "shop-web", port: { number: 80 } } },
                    },
                  ],
                },
              },
            ],
            tls: [{ hosts: ["shop.example.com"], secretName: "shop-tls" }],
          },
        },
        released,
      ),
    ],
    [
      "an ingress without a type of path",
      "POST",
      network("ingresses"),
      object("networking.k8s.io/v1", "Ingress", "no", {
        spec: {
          rules: [{ http: { paths: [{ path: "/", backend: { service: { name: "a", port: { number: 80 } } } }] } }],
        },
      }),
    ],
    ["an ingress of the old version", "POST", network("ingresses"), object("extensions/v1beta1", "Ingress", "no", {})],
    [
      "the budget",
      "POST",
      `${of("apis/policy/v1")("poddisruptionbudgets")}?${helm}`,
      object(
        "policy/v1",
        "PodDisruptionBudget",
        "shop",
        { spec: { minAvailable: "50%", selector: { matchLabels: labels } } },
        released,
      ),
    ],
    [
      "a budget of both",
      "POST",
      of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "no", { spec: { minAvailable: 1, maxUnavailable: 1 } }),
    ],
    [
      "the role",
      "POST",
      `${rbac("roles")}?${helm}`,
      object(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "shop",
        {
          rules: [
            { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"], resourceNames: ["shop"] },
          ],
        },
        released,
      ),
    ],
    [
      "the binding",
      "POST",
      `${rbac("rolebindings")}?${helm}`,
      object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "shop",
        {
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "shop" },
          subjects: [{ kind: "ServiceAccount", name: "shop", namespace: "area-releases" }],
        },
        released,
      ),
    ],
    [
      "the hook",
      "POST",
      `${batch("jobs")}?${helm}`,
      object(
        "batch/v1",
        "Job",
        "shop-migrate",
        {
          spec: {
            suspend: true,
            backoffLimit: 0,
            template: {
              metadata: { labels: { app: "migrate" } },
              spec: {
                restartPolicy: "Never",
                containers: [{ name: "m", image: "busybox", command: ["sh", "-c", "true"] }],
              },
            },
          },
        },
        { ...released, annotations: { "helm.sh/hook": "pre-install" } },
      ),
    ],
    [
      "the schedule",
      "POST",
      `${batch("cronjobs")}?${helm}`,
      object(
        "batch/v1",
        "CronJob",
        "shop-nightly",
        {
          spec: {
            suspend: true,
            schedule: "0 3 * * *",
            timeZone: "Europe/Berlin",
            jobTemplate: {
              spec: {
                template: { spec: { restartPolicy: "OnFailure", containers: [{ name: "m", image: "busybox" }] } },
              },
            },
          },
        },
        released,
      ),
    ],
    ["the release", "POST", secrets, release(1, "pending-install")],
    ["the release, deployed", "PUT", `${secrets}/sh.helm.release.v1.shop.v1`, release(1, "deployed")],
    ["the releases", "GET", `${secrets}?labelSelector=owner%3Dhelm`],
    ["the history", "GET", `${secrets}?labelSelector=name%3Dshop%2Cowner%3Dhelm%2Cstatus%3Ddeployed`],
    ["releases as a table", "GET", `${secrets}?labelSelector=owner%3Dhelm&limit=500`, undefined, kubectlTable],
    [
      "the deployment, upgraded",
      "PATCH",
      `${deployments}/shop-web?${helm}`,
      { spec: { template: { spec: { containers: [{ name: "web", image: "nginx:1.28" }] } } } },
      strategic,
    ],
    [
      "the deployment, its container gone",
      "PATCH",
      `${deployments}/shop-web?dryRun=All`,
      { spec: { template: { spec: { containers: [{ $patch: "delete", name: "web" }] } } } },
      strategic,
    ],
    [
      "the deployment, with a side car",
      "PATCH",
      `${deployments}/shop-web?${helm}`,
      {
        spec: {
          template: {
            spec: {
              $setElementOrder: undefined,
              "$setElementOrder/containers": [{ name: "side" }, { name: "web" }],
              containers: [{ name: "side", image: "envoy" }],
            },
          },
        },
      },
      strategic,
    ],
    [
      "the deployment, an unknown field",
      "PATCH",
      `${deployments}/shop-web?${helm}`,
      { spec: { replica: 3 } },
      strategic,
    ],
    [
      "the deployment's selector",
      "PATCH",
      `${deployments}/shop-web?${helm}`,
      { spec: { selector: { matchLabels: { x: "y" } } } },
      strategic,
    ],
    [
      "the deployment, restarted",
      "PATCH",
      `${deployments}/shop-web?fieldManager=kubectl-rollout`,
      {
        spec: {
          template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" } } },
        },
      },
      strategic,
    ],
    [
      "the deployment, resumed",
      "PATCH",
      `${deployments}/shop-web?dryRun=All&fieldManager=kubectl-rollout`,
      { spec: { paused: null } },
      strategic,
    ],
    [
      "the deployment's image set",
      "PATCH",
      `${deployments}/shop-web?fieldManager=kubectl-set`,
      {
        spec: {
          template: {
            spec: {
              "$setElementOrder/containers": [{ name: "side" }, { name: "web" }],
              containers: [{ image: "nginx:1.29", name: "web" }],
            },
          },
        },
      },
      strategic,
    ],
    ["the scale", "GET", `${deployments}/shop-web/scale`],
    ["scaled", "PATCH", `${deployments}/shop-web/scale`, { spec: { replicas: 0 } }, merge],
    ["scaled below nothing", "PATCH", `${deployments}/shop-web/scale`, { spec: { replicas: -2 } }, merge],
    [
      "scaled, put",
      "PUT",
      `${deployments}/shop-web/scale`,
      {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "shop-web", namespace: "area-releases" },
        spec: { replicas: 0 },
      },
    ],
    ["scaled, put of another kind", "PUT", `${deployments}/shop-web/scale`, web()],
    ["deployments as kubectl lists them", "GET", `${deployments}?limit=500`, undefined, kubectlTable],
    ["services as kubectl lists them", "GET", `${core("services")}?limit=500`, undefined, kubectlTable],
    ["ingresses as kubectl lists them", "GET", `${network("ingresses")}?limit=500`, undefined, kubectlTable],
    [
      "budgets as kubectl lists them",
      "GET",
      `${of("apis/policy/v1")("poddisruptionbudgets")}?limit=500`,
      undefined,
      kubectlTable,
    ],
    ["jobs as kubectl lists them", "GET", `${batch("jobs")}?limit=500`, undefined, kubectlTable],
    ["cron jobs as kubectl lists them", "GET", `${batch("cronjobs")}?limit=500`, undefined, kubectlTable],
    ["roles as kubectl lists them", "GET", `${rbac("roles")}?limit=500`, undefined, kubectlTable],
    ["accounts as kubectl lists them", "GET", `${core("serviceaccounts")}?limit=500`, undefined, kubectlTable],
    ["maps as kubectl lists them", "GET", `${maps}?limit=500`, undefined, kubectlTable],
    ["a kind with no objects, as kubectl lists it", "GET", `${apps("daemonsets")}?limit=500`, undefined, kubectlTable],
    ["something missing, as kubectl lists it", "GET", `${maps}/none`, undefined, kubectlTable],
    ["an object without its columns", "GET", `${maps}/shop?includeObject=None`, undefined, kubectlTable],
    ["an object with its whole", "GET", `${maps}/shop?includeObject=Object`, undefined, kubectlTable],
    ["an object in some way", "GET", `${maps}/shop?includeObject=Some`, undefined, kubectlTable],
    [
      "a namespace created by kubectl",
      "POST",
      `/api/v1/namespaces?dryRun=All&${created}`,
      object("v1", "Namespace", "shop"),
    ],
    ["a namespace with spaces", "POST", `/api/v1/namespaces?${created}`, object("v1", "Namespace", "my shop")],
    [
      "a quota",
      "POST",
      `${core("resourcequotas")}?dryRun=All&${created}`,
      object("v1", "ResourceQuota", "q", {
        spec: { hard: { pods: "2", "requests.cpu": "1", memory: "1Gi", "count/jobs.batch": "3" } },
      }),
    ],
    [
      "a quota of nonsense",
      "POST",
      core("resourcequotas"),
      object("v1", "ResourceQuota", "q", { spec: { hard: { ships: "2", pods: "many" } } }),
    ],
    [
      "a quota of unknown things",
      "POST",
      core("resourcequotas"),
      object("v1", "ResourceQuota", "q", { spec: { hard: { ships: "2", pods: "-1" } } }),
    ],
    [
      "a limit",
      "POST",
      `${core("limitranges")}?dryRun=All&${created}`,
      object("v1", "LimitRange", "l", {
        spec: {
          limits: [{ type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } }],
        },
      }),
    ],
    [
      "a limit upside down",
      "POST",
      core("limitranges"),
      object("v1", "LimitRange", "l", {
        spec: { limits: [{ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } }] },
      }),
    ],
    [
      "client-side apply, first",
      "POST",
      `${maps}?${clientApply}`,
      configMap("applied", { data: { a: "1" } }, last(configMap("applied", { data: { a: "1" } }))),
    ],
    [
      "client-side apply, then",
      "PATCH",
      `${maps}/applied?${clientApply}`,
      { data: { a: null, b: "2" }, metadata: last({ b: "2" }) },
      strategic,
    ],
    [
      "moved to server-side apply",
      "PATCH",
      `${maps}/applied?fieldManager=kubectl&fieldValidation=Strict&force=false`,
      configMap("applied", { data: { b: "3" } }),
      apply,
    ],
    ["its managers shown", "GET", `${maps}/applied`],
    [
      "annotated",
      "PATCH",
      `${maps}/applied?fieldManager=kubectl-annotate`,
      { metadata: { annotations: { note: "hi" } } },
      merge,
    ],
    [
      "labelled with a bad label",
      "PATCH",
      `${maps}/applied?fieldManager=kubectl-label`,
      { metadata: { labels: { "my label": "x" } } },
      merge,
    ],
    [
      "labelled by a number",
      "PATCH",
      `${maps}/none?fieldManager=kubectl-label`,
      { metadata: { labels: { n: 5 } } },
      merge,
    ],
    [
      "a label taken",
      "PATCH",
      `${maps}/shop?fieldManager=kubectl-label`,
      { metadata: { labels: { "app.kubernetes.io/name": null } } },
      merge,
    ],
    [
      "edited with a stale version",
      "PATCH",
      `${maps}/applied?fieldManager=kubectl-edit`,
      { metadata: { resourceVersion: "1" }, data: { b: "4" } },
      strategic,
    ],
    [
      "replaced",
      "PUT",
      `${maps}/applied?fieldManager=kubectl-replace&fieldValidation=Strict`,
      configMap("applied", { data: { b: "5" } }),
    ],
    [
      "diffed",
      "PATCH",
      `${maps}/applied?dryRun=All&fieldManager=kubectl-client-side-apply&fieldValidation=Strict`,
      { data: { c: "6" } },
      strategic,
    ],
    [
      "diffed by apply",
      "PATCH",
      `${deployments}/shop-web?dryRun=All&fieldManager=kubectl&force=true`,
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "shop-web" }, spec: { replicas: 0 } },
      apply,
    ],
    [
      "may I",
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        spec: { resourceAttributes: { namespace: "area-releases", verb: "create", resource: "pods" } },
      },
    ],
    [
      "may I, as a stranger",
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        spec: { resourceAttributes: { namespace: "area-releases", verb: "delete", resource: "pods", name: "x" } },
      },
      as("stranger"),
    ],
    [
      "may I nothing",
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      { kind: "SelfSubjectAccessReview", apiVersion: "authorization.k8s.io/v1", spec: {} },
    ],
    [
      "may the account",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        spec: {
          user: "system:serviceaccount:area-releases:shop",
          resourceAttributes: { namespace: "area-releases", verb: "get", resource: "configmaps", name: "shop" },
        },
      },
    ],
    [
      "may the account elsewhere",
      "POST",
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        spec: {
          user: "system:serviceaccount:area-releases:shop",
          resourceAttributes: { namespace: "default", verb: "get", resource: "configmaps", name: "shop" },
        },
      },
    ],
    [
      "who am I",
      "POST",
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1", metadata: {} },
    ],
    ["who am I, as a stranger", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("stranger")],
    [
      "as the account",
      "GET",
      `${maps}/shop`,
      undefined,
      { headers: { "impersonate-user": "system:serviceaccount:area-releases:shop" } },
    ],
    [
      "as the account, elsewhere",
      "GET",
      `${maps}/applied`,
      undefined,
      { headers: { "impersonate-user": "system:serviceaccount:area-releases:shop" } },
    ],
    ["as a group without a user", "GET", `${maps}/shop`, undefined, { headers: { "impersonate-group": "a" } }],
    [
      "as another, by a reader",
      "GET",
      `${maps}/shop`,
      undefined,
      { caller: "reader", headers: { "impersonate-user": "jane" } },
    ],
    [
      "nodes as kubectl lists them, by a stranger",
      "GET",
      "/api/v1/nodes?limit=500",
      undefined,
      { ...kubectlTable, caller: "stranger" },
    ],
    ["classes of storage", "GET", "/apis/storage.k8s.io/v1/storageclasses?limit=500", undefined, kubectlTable],
    [
      "a claim",
      "POST",
      `${core("persistentvolumeclaims")}?dryRun=All&${helm}`,
      object(
        "v1",
        "PersistentVolumeClaim",
        "shop",
        { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "8Gi" } } } },
        released,
      ),
    ],
    [
      "a claim of nothing",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "no", { spec: {} }),
    ],
    [
      "the set",
      "POST",
      `${apps("statefulsets")}?dryRun=All&${helm}`,
      object(
        "apps/v1",
        "StatefulSet",
        "shop-db",
        {
          spec: {
            serviceName: "shop-db",
            selector: { matchLabels: { a: "b" } },
            template: {
              metadata: { labels: { a: "b" } },
              spec: {
                containers: [
                  { name: "db", image: "postgres:17", volumeMounts: [{ name: "data", mountPath: "/data" }] },
                ],
              },
            },
            volumeClaimTemplates: [
              {
                metadata: { name: "data" },
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
              },
            ],
          },
        },
        released,
      ),
    ],
    [
      "a daemon",
      "POST",
      `${apps("daemonsets")}?dryRun=All&${helm}`,
      object("apps/v1", "DaemonSet", "agent", {
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: {
            metadata: { labels: { a: "b" } },
            spec: {
              hostNetwork: true,
              tolerations: [{ operator: "Exists" }],
              containers: [{ name: "a", image: "agent", ports: [{ containerPort: 9100 }] }],
            },
          },
        },
      }),
    ],
    [
      "a policy of the network",
      "POST",
      `${network("networkpolicies")}?${helm}`,
      object("networking.k8s.io/v1", "NetworkPolicy", "shop", {
        spec: {
          podSelector: {},
          policyTypes: ["Ingress"],
          ingress: [{ from: [{ podSelector: { matchLabels: { a: "b" } } }], ports: [{ port: 80 }] }],
        },
      }),
    ],
    [
      "a service of a node's port",
      "POST",
      `${core("services")}?dryRun=All`,
      object("v1", "Service", "np", {
        spec: { type: "NodePort", clusterIP: "10.0.0.77", ports: [{ port: 80, nodePort: 20 }] },
      }),
    ],
    [
      "a service without ports",
      "POST",
      core("services"),
      object("v1", "Service", "no", { spec: { selector: { a: "b" } } }),
    ],
    [
      "a service with two nameless ports",
      "POST",
      core("services"),
      object("v1", "Service", "no", { spec: { clusterIP: "None", ports: [{ port: 80 }, { port: 81 }] } }),
    ],
    [
      "a service with an external name",
      "POST",
      `${core("services")}?${helm}`,
      object("v1", "Service", "ext", { spec: { type: "ExternalName", externalName: "db.example.com" } }),
    ],
    [
      "uninstalled",
      "DELETE",
      `${deployments}/shop-web`,
      { kind: "DeleteOptions", apiVersion: "apps/v1", propagationPolicy: "Background" },
    ],
    ["the service uninstalled", "DELETE", `${core("services")}/shop-web`, { propagationPolicy: "Background" }],
    ["the release gone", "DELETE", `${secrets}/sh.helm.release.v1.shop.v1`],
    ["the account gone", "DELETE", `${core("serviceaccounts")}/shop`, { propagationPolicy: "Foreground" }],
    ["the class of nobody", "GET", `${cluster("apis/networking.k8s.io/v1")("ingressclasses")}/nginx`],
    ["by protobuf that is none", "POST", maps, "k8s", sent("application/vnd.kubernetes.protobuf")],
  ],
};
