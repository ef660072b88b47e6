/** Services and deployments. */
import { type Asked, apply, merge, strategic, table } from "../area.ts";
import { deployment, deployments, headless, service, services } from "./forms.ts";

export const servicesAsked: readonly Asked[] = [
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
];
