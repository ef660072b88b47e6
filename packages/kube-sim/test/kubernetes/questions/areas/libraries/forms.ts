/** What clients send. */
import { accept, object, paths, pod } from "../area.ts";

const { of } = paths("libraries");
export const { core, apps, batch } = paths("libraries");
export const maps = core("configmaps");
export const leases = of("apis/coordination.k8s.io/v1")("leases");
export const events = core("events");
export const newEvents = of("apis/events.k8s.io/v1")("events");
export const go = accept("application/vnd.kubernetes.protobuf,application/json");
export const goSent = { headers: { accept: "application/json, */*", "user-agent": "manager/v0.0.0 (linux/amd64)" } };
export const python = accept("application/json");
export const java = { headers: { accept: "application/json", "content-type": "application/json; charset=UTF-8" } };
export const noPod = (name: string, spec: object = {}, metadata: object = {}) =>
  pod(name, { schedulerName: "none", ...spec }, metadata);
export const lease = (name: string, spec: object) => object("coordination.k8s.io/v1", "Lease", name, { spec });
export const event = (name: string, rest: object = {}) =>
  object("v1", "Event", name, {
    involvedObject: { kind: "ConfigMap", namespace: "area-libraries", name: "a", apiVersion: "v1" },
    ...{ reason: "Created", message: "made", type: "Normal", source: { component: "manager" } },
    ...rest,
  });
export const identities = of("apis/aadpodidentity.k8s.io/v1")("azureidentities");
