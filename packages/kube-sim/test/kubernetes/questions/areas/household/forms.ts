/** What a team writes. */
import { object, paths, pod, template } from "../area.ts";

const { core, apps } = paths("household");
export const { batch, network, of } = paths("household");
export const maps = core("configmaps");
export const pods = core("pods");
export const services = core("services");
export const jobs = batch("jobs");
export const deployments = apps("deployments");
export const quotas = core("resourcequotas");
export const limits = core("limitranges");
export const claims = core("persistentvolumeclaims");
export const secrets = core("secrets");
export const namespaces = "/api/v1/namespaces";
export const dry = "?dryRun=All";
export const idle = (name: string, spec: object = {}, metadata: object = {}) =>
  pod(name, { schedulerName: "none", ...spec }, metadata);
export const main = (rest: object) => ({ containers: [{ name: "main", image: "a:1", ...rest }] });
export const job = (name: string, spec: object = {}, inner: object = {}) =>
  object("batch/v1", "Job", name, {
    spec: { suspend: true, template: template({ restartPolicy: "Never", ...inner }), ...spec },
  });
export const schedule = (spec: object) =>
  object("batch/v1", "CronJob", "tick", {
    spec: {
      suspend: true,
      schedule: "*/5 * * * *",
      jobTemplate: { spec: { template: template({ restartPolicy: "Never" }) } },
      ...spec,
    },
  });
export const service = (name: string, spec: object) => object("v1", "Service", name, { spec });
export const headless = (spec: object = {}) => ({ clusterIP: "None", ports: [{ name: "http", port: 80 }], ...spec });
export const deployment = (name: string, spec: object = {}, inner: object = {}) =>
  object("apps/v1", "Deployment", name, {
    spec: { paused: true, replicas: 0, selector: { matchLabels: { app: "a" } }, template: template(inner), ...spec },
  });
export const range = (...items: object[]) => object("v1", "LimitRange", "r", { spec: { limits: items } });
export const quota = (spec: object) => object("v1", "ResourceQuota", "q", { spec });
export const policy = (spec: object) => object("networking.k8s.io/v1", "NetworkPolicy", "n", { spec });
export const ingress = (spec: object) => object("networking.k8s.io/v1", "Ingress", "i", { spec });
export const named = (name: string) => object("v1", "Namespace", name);
