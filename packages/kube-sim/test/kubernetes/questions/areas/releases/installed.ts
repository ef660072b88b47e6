/** A release is installed. */
import { type Asked, accept, as, configMap, object } from "../area.ts";
import {
  aggregated,
  batch,
  core,
  deployments,
  helm,
  kubectlTable,
  labels,
  maps,
  network,
  of,
  rbac,
  release,
  released,
  secrets,
  service,
  web,
} from "./forms.ts";

export const installedAsked: readonly Asked[] = [
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
];
