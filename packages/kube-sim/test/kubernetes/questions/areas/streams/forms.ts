/** What is listed, and in which forms. */
import { accept, configMap, paths } from "../area.ts";

export const { core, apps, batch, of, rbac } = paths("streams");
export const maps = core("configmaps");
export const protobuf = "application/vnd.kubernetes.protobuf";
export const asProtobuf = accept(protobuf);
export const tableAs = (type: string, version = "v1") => accept(`${type};as=Table;v=${version};g=meta.k8s.io`);
export const partialAs = (type: string) => accept(`${type};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`);
export const token = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
export const page = (start: string) => token({ v: "meta.k8s.io/v1", rv: -1, start });
export const only = "labelSelector=stream";
export const streamed = (name: string, rest: object = {}) => configMap(name, rest, { labels: { stream: name } });
export const watch = `${maps}?watch=true&timeoutSeconds=1`;
