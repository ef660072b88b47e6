/** It is upgraded and scaled. */
import { type Asked, merge, strategic } from "../area.ts";
import { apps, batch, core, deployments, helm, kubectlTable, maps, network, of, rbac, web } from "./forms.ts";

export const upgradedAsked: readonly Asked[] = [
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
  ["the deployment, an unknown field", "PATCH", `${deployments}/shop-web?${helm}`, { spec: { replica: 3 } }, strategic],
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
];
