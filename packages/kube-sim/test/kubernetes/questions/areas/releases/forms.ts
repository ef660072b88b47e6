/** What belongs to a release. */
import { accept, object, paths } from "../area.ts";

export const { core, apps, batch, of, rbac, network } = paths("releases");
export const kubectlTable = accept(
  "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
);
export const aggregated = accept(
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
);
export const created = "fieldManager=kubectl-create&fieldValidation=Strict";
export const clientApply = "fieldManager=kubectl-client-side-apply&fieldValidation=Strict";
export const helm = "fieldManager=helm&fieldValidation=Strict";
export const labels = { "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "shop" };
const annotations = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "area-releases" };
export const released = { labels, annotations };
export const web = (spec: object = {}) =>
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
export const service = (spec: object = {}) =>
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
export const release = (version: number, status: string) =>
  object(
    "v1",
    "Secret",
    `sh.helm.release.v1.shop.v${version}`,
    { type: "helm.sh/release.v1", data: { release: "SDRzSQ==" } },
    { labels: { name: "shop", owner: "helm", status, version: String(version) } },
  );
export const deployments = apps("deployments");
export const maps = core("configmaps");
export const secrets = core("secrets");
export const last = (value: unknown) => ({
  annotations: { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(value)}\n` },
});
