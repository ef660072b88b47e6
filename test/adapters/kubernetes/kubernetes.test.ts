import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Effect } from "../../../local/simulators/faults.ts";
import { createCertificate } from "../../../local/simulators/tls.ts";
import { createKubernetes } from "../../../src/adapters/kubernetes/index.ts";
import type { ClusterTarget } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { Kubernetes, KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { eventually, startCluster, type TestCluster } from "../../local/simulators/kubernetes/cluster.ts";

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  cluster = await startCluster({ simulator: { terminationMs: 300 } });
  kubernetes = createKubernetes({ credential: credentialFor(cluster.token) });
  await cluster.createNamespace("team");
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.simulator.close());

const asked: string[] = [];
function credentialFor(token: string) {
  return {
    getToken: async (scope: string | string[]) => {
      asked.push(String(scope));
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}

const configMap = (data: Record<string, string>, name = "settings", namespace = "team"): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "mooring" } },
  data,
});
const ref = (name = "settings", namespace = "team") => ({ apiVersion: "v1", kind: "ConfigMap", name, namespace });
const stored = async (name = "settings") => await cluster.simulator.objects.get("v1", "ConfigMap", name, "team");
const script = (operation: string, effect: Effect, times = 1) =>
  cluster.faults.add({ wire: "kubernetes", operation, effect, times });

/** An API server that has only these documents, and 404 for everything else. */
async function startServer(answers: Readonly<Record<string, object>>) {
  const { certificate, privateKey } = await createCertificate();
  const requests: { method: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer({ cert: certificate, key: privateKey }, async (request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, headers, body: await text(request) });
    const answer = answers[new URL(url, "https://cluster").pathname];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  const apiServer = `https://127.0.0.1:${address.port}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { requests, target: { ...cluster.target, apiServer, certificateAuthority: certificate }, close };
}

/** What an operation's status would show. */
async function problemOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PermanentError)
      return { code: error.code, message: error.message, retryAfterSeconds: undefined };
    if (error instanceof TransientError) {
      return { code: error.code, message: error.message, retryAfterSeconds: error.retryAfterSeconds };
    }
    throw error;
  }
  throw new Error("It was expected to fail, and succeeded.");
}

test("requests a token for the API servers' own audience", async () => {
  await kubernetes.kinds(cluster.target, "v1");

  expect(new Set(asked)).toEqual(new Set(["6dae42f8-4368-4678-94ff-3960e28e3630/.default"]));
});

describe("get", () => {
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

    expect(kinds).toContainEqual({ apiVersion: "v1", kind: "Secret" });
    expect(kinds).toContainEqual({ apiVersion: "apps/v1", kind: "Deployment" });
    expect(kinds.filter(({ kind }) => kind === "Widget")).toEqual([{ apiVersion: "example.com/v1", kind: "Widget" }]);
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
    const none = { apiVersion: "v1", kind: "Pod", namespace: "held" };
    expect(await kubernetes.listMetadata(cluster.target, none)).toEqual([]);
  });

  test("refuses an answer that has contents", async () => {
    const answers = {
      "/api/v1": { resources: [{ name: "secrets", kind: "Secret", namespaced: true }] },
      "/api/v1/namespaces/held/secrets": { kind: "SecretList", apiVersion: "v1", metadata: {}, items: [] },
    };
    const server = await startServer(answers);

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
    const server = await startServer({ "/api": { ...document, items: [] }, "/apis": { ...document, items } });

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

describe("apply", () => {
  test("creates as field manager mooring, and changes nothing the second time", async () => {
    const created = await kubernetes.apply(cluster.target, configMap({ a: "1" }));

    expect(created.metadata.uid).toBe((await stored())?.metadata.uid);
    expect((await stored())?.metadata.managedFields).toMatchObject([{ manager: "mooring", operation: "Apply" }]);
    const again = await kubernetes.apply(cluster.target, configMap({ a: "1" }));
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });

  test("shows the result in a dry run, and stores nothing", async () => {
    const planned = await kubernetes.apply(cluster.target, configMap({ a: "1" }, "planned"), { dryRun: true });

    expect(planned).toMatchObject({ data: { a: "1" } });
    expect(await stored("planned")).toBeUndefined();
  });

  test("names manager and field of a conflict, and takes over both with force", async () => {
    await cluster.apply({ ...configMap({ a: "theirs" }, "shared") } as object, "kubectl");

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({ a: "ours" }, "shared")))).toMatchObject({
      code: "KUBERNETES_CONFLICT",
      message: expect.stringContaining('.data.a belongs to "kubectl"'),
    });
    await kubernetes.apply(cluster.target, configMap({ a: "ours" }, "shared"), { force: true });
    expect((await stored("shared"))?.["data"]).toEqual({ a: "ours" });
  });

  test("fails permanently where the schema has no such field", async () => {
    const misspelt = { ...configMap({}, "misspelt"), dat: {} };

    expect(await problemOf(kubernetes.apply(cluster.target, misspelt))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining(".dat: field not declared in schema"),
    });
  });

  test("fails permanently where the object is invalid or its namespace is missing", async () => {
    expect(await problemOf(kubernetes.apply(cluster.target, configMap({ "a/b": "" }, "bad-key")))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining("answered 422"),
    });
    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "a", "nowhere")))).toMatchObject({
      code: "KUBERNETES_REJECTED",
      message: expect.stringContaining('is there a namespace "nowhere"?'),
    });
  });

  test("does not ask what the cluster serves if only the namespace is missing", async () => {
    await kubernetes.apply(cluster.target, configMap({}, "asked"));
    const before = cluster.faults.journal.length;

    await problemOf(kubernetes.apply(cluster.target, configMap({}, "a", "nowhere")));

    expect(cluster.faults.journal.slice(before).map(({ operation }) => operation)).toEqual(["PATCH configmaps"]);
  });

  test("distinguishes a namespace that is being deleted from a missing right", async () => {
    await cluster.createNamespace("ending");
    await cluster.core.deleteNamespace({ name: "ending" });

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "late", "ending")))).toMatchObject({
      code: "NAMESPACE_TERMINATING",
    });
  });

  test("tries again where a new quota has not been counted yet", async () => {
    // k8s.io/apiserver, plugin/resourcequota/controller.go: until the controller has filled in the quota's status.
    const message = 'configmaps "new" is forbidden: status unknown for quota: new, resources: count/configmaps';
    script("PATCH configmaps", { kind: "error", code: "Forbidden", status: 403, message }, 2);

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({}, "new")))).toMatchObject({
      code: "KUBERNETES_THROTTLED",
    });
  });

  test("says that aad-pod-identity is not installed, even when it is removed later", async () => {
    const identity: KubernetesObject = {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentity",
      metadata: { name: "id", namespace: "team" },
      spec: { type: 0, resourceID: "/subscriptions/s", clientID: "c" },
    };
    await kubernetes.apply(cluster.target, identity);
    const definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/azureidentities.aadpodidentity.k8s.io";

    await cluster.request("DELETE", definition);

    expect(await problemOf(kubernetes.apply(cluster.target, identity))).toMatchObject({
      code: "POD_IDENTITY_NOT_INSTALLED",
    });
    expect(
      await problemOf(createKubernetes({ credential: credentialFor(cluster.token) }).apply(cluster.target, identity)),
    ).toMatchObject({
      code: "POD_IDENTITY_NOT_INSTALLED",
    });
  });
});

describe("remove", () => {
  test("removes the object with that UID", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({}, "removed"));

    await kubernetes.remove(cluster.target, ref("removed"), { uid: metadata.uid ?? "" });

    expect(await stored("removed")).toBeUndefined();
  });

  test("succeeds when the object is gone or another one has its name", async () => {
    await kubernetes.remove(cluster.target, ref("never-there"), { uid: "x" });
    await kubernetes.remove(cluster.target, { ...ref(), apiVersion: "none.example/v1", kind: "None" }, { uid: "x" });
    await kubernetes.apply(cluster.target, configMap({}, "another"));

    await kubernetes.remove(cluster.target, ref("another"), { uid: "of the one before" });

    expect(await stored("another")).toBeDefined();
  });

  test("removes an object only as it was seen", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({ a: "1" }, "changed"));
    await kubernetes.apply(cluster.target, configMap({ a: "2" }, "changed"));
    const { uid = "", resourceVersion = "" } = metadata;

    const problem = await problemOf(kubernetes.remove(cluster.target, ref("changed"), { uid, resourceVersion }));

    expect(problem.code).toBe("KUBERNETES_THROTTLED");
    expect(stored("changed")).toBeDefined();
  });

  test("sends its preconditions with their length, without which an API server does not read them", async () => {
    const server = await startServer({
      "/api/v1": { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }] },
    });

    await kubernetes.remove(server.target, ref("away"), { uid: "u", resourceVersion: "7" });

    const sent = server.requests.find(({ method }) => method === "DELETE");
    expect(JSON.parse(sent?.body ?? "")).toMatchObject({ preconditions: { uid: "u", resourceVersion: "7" } });
    expect(sent?.headers["content-length"]).toBe(String(sent?.body.length));
    server.close();
  });

  test("does not take another conflict for success", async () => {
    const { metadata } = await kubernetes.apply(cluster.target, configMap({}, "raced"));
    script("DELETE configmaps", { kind: "error", code: 409 });

    expect(await problemOf(kubernetes.remove(cluster.target, ref("raced"), { uid: metadata.uid ?? "" }))).toMatchObject(
      {
        code: "KUBERNETES_THROTTLED",
      },
    );
  });

  test("removes a job's pods with it", async () => {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "a" }] } };
    const job = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "check", namespace: "team" },
      spec: { template },
    };
    const { metadata } = await kubernetes.apply(cluster.target, job);
    const pods = async () => await cluster.simulator.objects.list("v1", "Pod", "team");
    await eventually(async () => (await pods())[0]);

    const target = { apiVersion: "batch/v1", kind: "Job", name: "check", namespace: "team" };
    await kubernetes.remove(cluster.target, target, { uid: metadata.uid ?? "" });

    await eventually(async () => ((await pods()).length === 0 ? true : undefined));
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

describe("errors", () => {
  const get = () => kubernetes.get(cluster.target, { apiVersion: "v1", kind: "Namespace", name: "team" });

  test.each<[number, string]>([
    [400, "KUBERNETES_REJECTED"],
    [401, "AUTHENTICATION_FAILED"],
    [403, "KUBERNETES_FORBIDDEN"],
    [410, "KUBERNETES_THROTTLED"],
    [422, "KUBERNETES_REJECTED"],
    [429, "KUBERNETES_THROTTLED"],
    [500, "CLUSTER_UNREACHABLE"],
    [503, "CLUSTER_UNREACHABLE"],
    [504, "CLUSTER_UNREACHABLE"],
  ])("reads HTTP %i as %s and repeats the server's message", async (status, code) => {
    // A 403 is believed a second time.
    script("GET namespaces", { kind: "error", code: status, message: "said so" }, status === 403 ? 2 : 1);

    expect(await problemOf(get())).toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^Cluster "aks-dev": GET .* answered ${status}: said so$`)),
    });
  });

  test("asks again before it believes a 403", async () => {
    script("GET namespaces", { kind: "error", code: 403, message: "the roles are not read yet" });

    expect(await get()).toMatchObject({ metadata: { name: "team" } });
  });

  /** A server that answers as a starting one does; the closer must be called. */
  async function startStarting(
    answer: (path: string) => { readonly status: number; readonly body: object | string },
  ): Promise<{ readonly target: ClusterTarget; readonly asked: readonly string[]; close(): void }> {
    const { certificate, privateKey } = cluster.tls;
    const asked: string[] = [];
    const server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
      const path = request.url ?? "";
      asked.push(path);
      const { status, body } = answer(path);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    const target = { ...cluster.target, apiServer: `https://127.0.0.1:${address.port}/` };
    return { target, asked, close: () => void server.close() };
  }

  const unread = { status: 500, body: "[-]poststarthook/rbac/bootstrap-roles failed" };

  test("reads the 403 of a server that is not ready as an unreachable API server, in which nothing happened", async () => {
    const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden" } };
    const starting = await startStarting((path) => (path === "/readyz" ? unread : forbidden));

    const error = await kubernetes.get(starting.target, ref()).catch((caught: unknown) => caught);
    starting.close();

    expect(error).toMatchObject({ code: "CLUSTER_UNREACHABLE", isWithoutEffect: true });
  });

  test.each([
    ["is not ready", unread, [false], "CLUSTER_UNREACHABLE"],
    ["is ready by now, and allows it", { status: 200, body: "ok" }, [false, true], undefined],
    ["is ready, and says so again", { status: 200, body: "ok" }, [false, false], "does not let Mooring"],
  ])(
    "believes a review that denies something only a second time: the server %s",
    async (_what, ready, allows, told) => {
      const resources = { resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }] };
      const answers = new Map<string, number>();
      const server = await startStarting((path) => {
        if (path === "/readyz") return ready;
        if (path === "/api/v1") return { status: 200, body: resources };
        // Two verbs are asked about, side by side.
        const count = answers.get(path) ?? 0;
        answers.set(path, count + 1);
        return { status: 201, body: { status: { allowed: allows[Math.floor(count / 2)] } } };
      });

      const why = await kubernetes
        .whyForbidden(server.target, ref())
        .catch((error: { readonly code: string }) => error.code);
      server.close();

      if (told === undefined) expect(why).toBeUndefined();
      else expect(why).toContain(told);
    },
  );

  test("passes on how long the server asks to wait", async () => {
    script("GET namespaces", { kind: "error", code: 429, retryAfterSeconds: 7 });

    expect(await problemOf(get())).toMatchObject({ code: "KUBERNETES_THROTTLED", retryAfterSeconds: 7 });
  });

  test("does not invent a code for an undocumented answer", async () => {
    script("GET namespaces", { kind: "error", code: 418 });

    const error = await get().catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(PermanentError);
    expect(error).not.toBeInstanceOf(TransientError);
  });

  test("distinguishes a refused token from one without rights", async () => {
    const other = await cluster.entraToken({ appid: "99999999-2222-4333-8444-555555555555" });
    const query = { apiVersion: "v1", kind: "Namespace", name: "team" };
    const as = (token: string) => createKubernetes({ credential: credentialFor(token) }).get(cluster.target, query);

    expect(await problemOf(as("nonsense"))).toMatchObject({ code: "AUTHENTICATION_FAILED" });
    const refused = await problemOf(as(other));
    expect(refused).toMatchObject({ code: "KUBERNETES_FORBIDDEN" });
    expect(refused.message).not.toContain(other);
  });

  test.each<[string, Effect]>([
    ["a connection that is cut", { kind: "cutBefore" }],
    ["an answer that is not JSON", { kind: "garbage" }],
  ])("reads %s as an unreachable API server", async (_, effect) => {
    script("GET namespaces", effect);

    expect(await problemOf(get())).toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  });

  test("gives up on an API server that hangs", async () => {
    const impatient = createKubernetes({ credential: credentialFor(cluster.token), timeoutMs: 200 });
    const query = { apiVersion: "v1", kind: "Namespace", name: "team" };
    await impatient.get(cluster.target, query);
    script("GET namespaces", { kind: "hang" });

    expect(await problemOf(impatient.get(cluster.target, query))).toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("did not answer within 0.2 s"),
    });
  });

  test("reports that the token was refused, so that the next one differs", async () => {
    const refused: string[] = [];
    const credential = { ...credentialFor(cluster.token), refuse: (token: string) => void refused.push(token) };
    const telling = createKubernetes({ credential });
    script("GET namespaces", { kind: "error", code: 401 });

    await problemOf(telling.get(cluster.target, { apiVersion: "v1", kind: "Namespace", name: "team" }));

    expect(refused).toEqual([cluster.token]);
  });

  test("writes the API server's address to the log only", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { host, port } = new URL(cluster.target.apiServer);
    const gone = { ...cluster.target, apiServer: "https://api.aks-dev.invalid:6443" };
    script("GET namespaces", {
      kind: "error",
      code: 503,
      message: `dial tcp ${host}: no route; see https://${host}/x`,
    });

    const answered = await problemOf(get());
    const absent = await problemOf(kubernetes.kinds(gone, "v1"));

    expect(answered.message).toMatch(/answered 503: dial tcp \[address\]: no route; see \[address\]$/);
    expect(answered.message).not.toContain(port);
    expect(absent.message).toMatch(/did not answer: .*ENOTFOUND|EAI_AGAIN/);
    expect(absent.message).not.toContain("aks-dev.invalid");
    const log = logged.mock.calls.join("\n");
    expect(log).toContain(host);
    expect(log).toContain("api.aks-dev.invalid");
    logged.mockRestore();
  });

  test("does not know whether an apply took effect when its answer is lost, and finds out by reading back", async () => {
    script("PATCH configmaps", { kind: "cutAfter" });

    expect(await problemOf(kubernetes.apply(cluster.target, configMap({ a: "1" }, "lost")))).toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
    expect(await kubernetes.get(cluster.target, ref("lost"))).toMatchObject({ data: { a: "1" } });
  });

  test("trusts only the certificate authority that the catalog names", async () => {
    const { certificate } = await createCertificate();
    const { certificateAuthority, ...rest } = cluster.target;

    expect(certificateAuthority).toBe(cluster.tls.certificate);
    expect(await problemOf(kubernetes.kinds({ ...rest, certificateAuthority: certificate }, "v1"))).toMatchObject({
      code: "CLUSTER_CERTIFICATE_UNTRUSTED",
      message: expect.stringMatching(
        /is not signed by clusters\.aks-dev\.certificateAuthority of the catalog \(\w+\)\.$/,
      ),
    });
    expect(await problemOf(kubernetes.kinds(rest, "v1"))).toMatchObject({
      code: "CLUSTER_CERTIFICATE_UNTRUSTED",
      message: expect.stringMatching(/clusters\.aks-dev\.certificateAuthority is not set \(\w+\)\.$/),
    });
  });

  test("reports that nothing is listening", async () => {
    const gone = await startCluster();
    await gone.simulator.close();
    const nowhere = { ...cluster.target, apiServer: gone.simulator.url };

    expect(await problemOf(kubernetes.kinds(nowhere, "v1"))).toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("reuses its connections across requests", async () => {
    let connections = 0;
    const { certificate, privateKey } = cluster.tls;
    const server = createServer({ cert: certificate, key: privateKey }, (_, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"resources":[]}');
    });
    server.on("secureConnection", () => {
      connections += 1;
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    const target = { ...cluster.target, apiServer: `https://127.0.0.1:${address.port}/` };

    for (let index = 0; index < 10; index += 1) await kubernetes.kinds(target, "v1");

    server.closeAllConnections();
    server.close();
    // A second connection, because the first is not yet free at the moment its answer has been read.
    expect(connections).toBeLessThanOrEqual(2);
  });

  test("passes on the credential's own error unchanged", async () => {
    const broken = createKubernetes({ credential: { getToken: () => Promise.reject(new Error("no identity")) } });

    await expect(broken.kinds(cluster.target, "v1")).rejects.toThrow("no identity");
  });
});
