import { expect, it } from "vitest";
import { builtInResources } from "../../src/kubernetes/builtIn/resources.ts";
import type { KubeObject } from "../../src/kubernetes/object.ts";
import { createStore } from "../../src/kubernetes/store.ts";

const configMaps = builtInResources.find(({ kind }) => kind === "ConfigMap");

it("lists objects in the order of namespace/name, as text, and those of one namespace alone", () => {
  if (!configMaps) throw new Error("There are no config maps.");
  const store = createStore({ keptChanges: 10 });
  const add = (namespace: string, name: string) => {
    const metadata = { namespace, name } as KubeObject["metadata"];
    return store.put(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata });
  };
  const listed = (namespace?: string) =>
    store.list(configMaps, namespace).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

  for (const [namespace, name] of ["b/x", "a/z", "a-b/x", "a/y", "a0/x"].map((each) => each.split("/"))) {
    add(namespace ?? "", name ?? "");
  }
  store.remove(configMaps, add("a", "y"));

  expect(listed()).toEqual(["a-b/x", "a/z", "a0/x", "b/x"]);
  expect(listed("a")).toEqual(["a/z"]);
  expect(listed("c")).toEqual([]);
  expect(store.get(configMaps, "a", "z")).toMatchObject({ metadata: { namespace: "a", name: "z" } });
  expect(store.get(configMaps, "a", "y")).toBeUndefined();
});
