/** What the adapter reads of a cluster. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createKubernetes } from "../../../src/adapters/kubernetes/index.ts";
import type { Kubernetes, KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { eventually, startCluster, type TestCluster } from "../../support/cluster.ts";
import { configMap, credentialFor, documents, problemOf, ref, startAdapter, startServer } from "./fixture.ts";

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  ({ cluster, kubernetes } = await startAdapter());
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.simulator.close());

describe("get", () => {
  test("asks once how a group is served, for all that wait", async () => {
    const paths: string[] = [];
    const kinds = { limitranges: "LimitRange", pods: "Pod" };
    const resources = Object.entries(kinds).map(([name, kind]) => ({ name, kind, namespaced: true }));
    const server = await startServer(cluster, (path) => {
      paths.push(path);
      return documents({ "/api/v1": { resources } })(path);
    });

    const range = { ...ref("most"), kind: "LimitRange" };
    const pod = { ...ref("app"), kind: "Pod" };
    await Promise.all([range, pod, ref()].map((each) => kubernetes.get(server.target, each)));
    await kubernetes.get(server.target, pod);
    server.close();

    expect(paths.filter((path) => path === "/api/v1")).toHaveLength(1);
    expect(paths).toHaveLength(5);
  });

  test("reads an object with its timestamps as text", async () => {
    await kubernetes.apply(cluster.target, {
      ...configMap({ a: "1" }, "held"),
      metadata: { ...configMap({}, "held").metadata, finalizers: ["example.com/x"] },
    } as KubernetesObject);
    await cluster.core.deleteNamespacedConfigMap({ namespace: "team", name: "held" });

    const found = await kubernetes.get(cluster.target, ref("held"));

    expect(found).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } });
    expect(found?.metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test("finds nothing where the object, the namespace or the kind does not exist", async () => {
    expect(await kubernetes.get(cluster.target, ref("missing"))).toBeUndefined();
    expect(await kubernetes.get(cluster.target, ref("settings", "nowhere"))).toBeUndefined();
    expect(
      await kubernetes.get(cluster.target, { ...ref(), apiVersion: "none.example/v1", kind: "None" }),
    ).toBeUndefined();
  });

  test("reads a cluster-scoped object", async () => {
    const namespace = await kubernetes.get(cluster.target, { apiVersion: "v1", kind: "Namespace", name: "team" });

    expect(namespace).toMatchObject({ status: { phase: "Active" } });
  });

  test("distinguishes a missing namespace from a missing object", async () => {
    await expect(kubernetes.get(cluster.target, { apiVersion: "v1", kind: "ConfigMap", name: "a" })).rejects.toThrow(
      "lives in a namespace",
    );
  });
});

describe("namespacedKinds and listMetadata", () => {
  const widgets = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { kind: "Widget", plural: "widgets" },
      versions: ["v1", "v1beta1"].map((name) => ({
        name,
        served: true,
        storage: name === "v1",
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      })),
    },
  };

  test("finds every namespaced kind once, custom ones too, in two requests", async () => {
    await cluster.objects.create(widgets);
    // A real API server announces what a definition adds a moment later.
    await eventually(async () => {
      const { kinds } = await kubernetes.namespacedKinds(cluster.target);
      return kinds.find(({ kind }) => kind === "Widget");
    });
    const before = cluster.faults.journal.length;

    const { kinds, unanswered } = await kubernetes.namespacedKinds(cluster.target);

    expect(kinds).toContainEqual({ apiVersion: "v1", kind: "Secret", plural: "secrets" });
    expect(kinds).toContainEqual({ apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" });
    expect(kinds.filter(({ kind }) => kind === "Widget")).toEqual([
      { apiVersion: "example.com/v1", kind: "Widget", plural: "widgets" },
    ]);
    expect(kinds.map(({ kind }) => kind)).not.toContain("Namespace");
    expect(unanswered).toEqual([]);
    expect(cluster.faults.journal.slice(before).map(({ operation }) => operation)).toEqual(["GET /api", "GET /apis"]);
  });

  test("lists what there is without its content", async () => {
    await cluster.createNamespace("held");
    const metadata = { name: "theirs", namespace: "held" };
    await cluster.create({ apiVersion: "v1", kind: "Secret", metadata, stringData: { password: "content" } } as object);
    const spied = cluster.request("GET", "/api/v1/namespaces/held/secrets", {
      headers: { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
    });
    const received = (await spied).text;

    const found = await kubernetes.listMetadata(cluster.target, {
      apiVersion: "v1",
      kind: "Secret",
      namespace: "held",
    });

    expect(found).toMatchObject([{ apiVersion: "v1", kind: "Secret", metadata }]);
    expect(Object.keys(found[0] ?? {})).toEqual(["apiVersion", "kind", "metadata"]);
    expect(received).not.toContain(btoa("content"));
    await cluster.create({ apiVersion: "v1", kind: "Secret", metadata: { ...metadata, name: "z" } } as object);
    const before = cluster.faults.journal.length;
    const first = { apiVersion: "v1", kind: "Secret", namespace: "held", limit: 1 };
    expect(await kubernetes.listMetadata(cluster.target, first)).toMatchObject([{ metadata }]);
    expect(cluster.faults.journal.slice(before)).toHaveLength(1);
    const none = { apiVersion: "v1", kind: "Pod", namespace: "held" };
    expect(await kubernetes.listMetadata(cluster.target, none)).toEqual([]);
  });

  test("refuses an answer that has contents", async () => {
    const answers = {
      "/api/v1": { resources: [{ name: "secrets", kind: "Secret", namespaced: true }] },
      "/api/v1/namespaces/held/secrets": { kind: "SecretList", apiVersion: "v1", metadata: {}, items: [] },
    };
    const server = await startServer(cluster, documents(answers));

    const query = { apiVersion: "v1", kind: "Secret", namespace: "held" };
    const problem = await problemOf(kubernetes.listMetadata(server.target, query));

    expect(problem.code).toBe("CLUSTER_UNREACHABLE");
    server.close();
  });

  test("names a group whose own server does not answer, unless it is known to keep nothing", async () => {
    const group = (name: string, resources: readonly object[]) => ({
      metadata: { name },
      versions: [{ version: "v1", freshness: "Stale", resources }],
    });
    const pods = {
      resource: "pods",
      responseKind: { kind: "PodMetrics" },
      scope: "Namespaced",
      verbs: ["get", "list"],
    };
    const items = [group("metrics.k8s.io", [pods]), group("unknown.example.com", [])];
    const document = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {} };
    const server = await startServer(
      cluster,
      documents({ "/api": { ...document, items: [] }, "/apis": { ...document, items } }),
    );

    expect(await kubernetes.namespacedKinds(server.target)).toEqual({
      kinds: [],
      unanswered: ["unknown.example.com/v1"],
    });
    server.close();
  });
});

describe("list", () => {
  test("returns every object that the selector selects, in one namespace or in all, across all pages", async () => {
    await cluster.createNamespace("many");
    for (let index = 0; index < 3; index += 1) {
      await kubernetes.apply(cluster.target, configMap({}, `c${index}`, "many"));
    }
    await cluster.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "foreign", namespace: "many" } });
    const query = { apiVersion: "v1", kind: "ConfigMap", labelSelector: "app.kubernetes.io/managed-by=mooring" };

    const ofOne = await kubernetes.list(cluster.target, { ...query, namespace: "many" });
    const ofAll = await kubernetes.list(cluster.target, query);

    expect(ofOne.map(({ metadata }) => metadata.name)).toEqual(["c0", "c1", "c2"]);
    expect(ofOne[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(ofAll.length).toBeGreaterThan(ofOne.length - 1);
  });

  test("follows more than one page", async () => {
    await cluster.createNamespace("crowd");
    const one = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "crowd" } });
    for (let index = 0; index < 501; index += 1) await cluster.create(one(`c${index}`));

    const found = await kubernetes.list(cluster.target, { apiVersion: "v1", kind: "ConfigMap", namespace: "crowd" });

    // The cluster's own kube-root-ca.crt is there too.
    const own = found.map(({ metadata }) => metadata.name).filter((name) => /^c\d+$/.test(name));
    expect(new Set(own).size).toBe(501);
  });

  test("is empty for a kind that the cluster does not serve", async () => {
    expect(await kubernetes.list(cluster.target, { apiVersion: "none.example/v1", kind: "None" })).toEqual([]);
  });

  test("is empty for a kind that the cluster no longer serves", async () => {
    const own = await startCluster();
    const ofOwn = createKubernetes({ credential: credentialFor(own.token) });
    const kind = { apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity" };
    await ofOwn.list(own.target, kind);
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      name: "azureidentities.aadpodidentity.k8s.io",
    };
    const found = await ofOwn.get(own.target, definition);
    await ofOwn.remove(own.target, definition, { uid: found?.metadata.uid ?? "" });

    expect(await ofOwn.list(own.target, kind)).toEqual([]);
    await own.simulator.close();
  });
});

describe("kinds and issuer", () => {
  test("names the kinds under an apiVersion, and none for a group that is not installed", async () => {
    expect(await kubernetes.kinds(cluster.target, "v1")).toEqual(
      expect.arrayContaining(["Namespace", "ServiceAccount", "ConfigMap", "Pod"]),
    );
    expect(await kubernetes.kinds(cluster.target, "none.example/v1")).toEqual([]);
  });

  test("reads the issuer as the cluster itself publishes it", async () => {
    expect(await kubernetes.issuer(cluster.target)).toBe(cluster.cluster.oidcIssuer);
  });
});
