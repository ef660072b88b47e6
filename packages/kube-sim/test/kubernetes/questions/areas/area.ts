/** A part of the API that is asked about by itself, in a namespace of its own, from top to bottom. */
import type { Caller, Question } from "../table.ts";

export type Asked = readonly [title: string, method: string, path: string, body?: unknown, rest?: Partial<Question>];

export interface Area {
  readonly name: string;
  readonly asked: readonly Asked[];
}

const namespaceOf = (area: string) => `area-${area}`;

/** Where a namespace keeps objects of a kind. */
export const paths = (area: string) => {
  const below = (groupVersion: string) => (plural: string) =>
    `/${groupVersion}/namespaces/${namespaceOf(area)}/${plural}`;
  return {
    core: below("api/v1"),
    apps: below("apis/apps/v1"),
    batch: below("apis/batch/v1"),
    rbac: below("apis/rbac.authorization.k8s.io/v1"),
    network: below("apis/networking.k8s.io/v1"),
    of: below,
  };
};

export const media = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};

export const sent = (type: string): Partial<Question> => ({ headers: { "content-type": type } });
export const accept = (type: string): Partial<Question> => ({ headers: { accept: type } });
export const as = (caller: Caller): Partial<Question> => ({ caller });
export const merge = sent(media.merge);
export const strategic = sent(media.strategic);
export const json = sent(media.json);
export const apply = sent(media.apply);

export const configMap = (name: string, rest: object = {}, metadata: object = {}) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata } },
  ...rest,
});

/** No controller acts on it. */
export const statefulSet = (name: string, rest: object = {}) => ({
  ...{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name } },
  spec: {
    ...{ serviceName: "s", replicas: 1, selector: { matchLabels: { app: name } } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: "main", image: "a", env: [{ name: "A", value: "1" }], ports: [{ containerPort: 80 }] },
          { name: "side", image: "b" },
        ],
      },
    },
    ...rest,
  },
});

export const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata } },
  spec: { containers: [{ name: "main", image: "a" }], ...spec },
});

/** An object of any kind. */
export const object = (apiVersion: string, kind: string, name: string, rest: object = {}, metadata: object = {}) => ({
  ...{ apiVersion, kind, metadata: { name, ...metadata } },
  ...rest,
});

/** What a workload makes pods of. */
export const template = (spec: object = {}, metadata: object = { labels: { app: "a" } }) => ({
  metadata,
  spec: { containers: [{ name: "main", image: "a" }], ...spec },
});

/** The collections of a group's cluster-wide kinds. */
export const cluster = (groupVersion: string) => (plural: string) => `/${groupVersion}/${plural}`;

export const table = accept("application/json;as=Table;v=v1;g=meta.k8s.io");
export const partial = accept("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
export const partialList = accept("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
