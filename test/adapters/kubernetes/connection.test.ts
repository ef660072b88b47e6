/** How the adapter reaches an API server, and what it makes of every way in which that fails. */

import type { Effect } from "azure-sim/faults";
import { createCertificate } from "azure-sim/tls";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createKubernetes } from "../../../src/adapters/kubernetes/index.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { Kubernetes } from "../../../src/ports/kubernetes.ts";
import { startCluster, type TestCluster } from "../../support/cluster.ts";
import { configMap, credentialFor, documents, problemOf, ref, startAdapter, startServer } from "./fixture.ts";

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  ({ cluster, kubernetes } = await startAdapter());
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.simulator.close());

const script = (operation: string, effect: Effect, times = 1) =>
  cluster.faults.add({ wire: "kubernetes", operation, effect, times });

test("requests a token for the API servers' own audience", async () => {
  const asked: string[] = [];
  await createKubernetes({ credential: credentialFor(cluster.token, asked) }).kinds(cluster.target, "v1");

  expect(new Set(asked)).toEqual(new Set(["6dae42f8-4368-4678-94ff-3960e28e3630/.default"]));
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

  const unread = { status: 500, body: "[-]poststarthook/rbac/bootstrap-roles failed" };

  test("reads the 403 of a server that is not ready as an unreachable API server, in which nothing happened", async () => {
    const forbidden = { status: 403, body: { kind: "Status", reason: "Forbidden" } };
    const starting = await startServer(cluster, (path) => (path === "/readyz" ? unread : forbidden));

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
      const server = await startServer(cluster, (path) => {
        if (path === "/readyz") return ready;
        if (path === "/api/v1") return { status: 200, body: resources };
        if (path.endsWith("/selfsubjectrulesreviews")) return { status: 201, body: { status: { incomplete: true } } };
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

  const resources = {
    resources: [
      { name: "configmaps", kind: "ConfigMap", namespaced: true },
      { name: "serviceaccounts", kind: "ServiceAccount", namespaced: true },
    ],
  };
  const every = { verbs: ["*"], apiGroups: [""], resources: ["*"] };
  test.each([
    ["the rules allow all", { incomplete: false, resourceRules: [every] }, 0],
    ["the rules do not tell all", { incomplete: true, resourceRules: [every] }, 4],
    ["a right hangs on a name", { incomplete: false, resourceRules: [{ ...every, resourceNames: ["app"] }] }, 4],
    ["the rules are of another group", { incomplete: false, resourceRules: [{ ...every, apiGroups: ["apps"] }] }, 4],
    ["there are no rules", { incomplete: false, resourceRules: null }, 4],
    ["a policy refuses the question", 422, 4],
  ])("asks once for the rights in a namespace, and each by itself where %s", async (_what, status, single) => {
    const asked: string[] = [];
    const server = await startServer(cluster, (path) => {
      if (path === "/api/v1") return { status: 200, body: resources };
      asked.push(path.split("/").at(-1) ?? "");
      if (!path.endsWith("rulesreviews")) return { status: 201, body: { status: { allowed: true } } };
      return typeof status === "number" ? { status, body: {} } : { status: 201, body: { status } };
    });

    const refs = ["ConfigMap", "ServiceAccount"].map((kind) => ({ ...ref(), kind, name: "app" }));
    const whys = await Promise.all(refs.map((each) => kubernetes.whyForbidden(server.target, each)));
    server.close();

    expect(whys).toEqual([undefined, undefined]);
    expect(asked.filter((each) => each === "selfsubjectrulesreviews")).toHaveLength(1);
    expect(asked.filter((each) => each === "selfsubjectaccessreviews")).toHaveLength(single);
  });

  test.each([
    ["is not ready", unread, [false], "CLUSTER_UNREACHABLE"],
    ["is ready by now, and allows it", { status: 200, body: "ok" }, [false, true], true],
    ["is ready, and says so again", { status: 200, body: "ok" }, [false, false], false],
  ])(
    "believes only a second time that an account may not do something: the server %s",
    async (_, ready, allows, told) => {
      const answers = [...allows];
      const server = await startServer(cluster, (path) =>
        path === "/readyz" ? ready : { status: 201, body: { status: { allowed: answers.shift() } } },
      );

      const may = await kubernetes
        .mayDo(
          server.target,
          { namespace: "team", name: "app" },
          { verb: "use-managed-identity", group: "cid.wi.aks.azure.com", resource: "id" },
        )
        .catch((error: { readonly code: string }) => error.code);
      server.close();

      expect(may).toBe(told);
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
    // A busy machine may take longer for its first answer.
    await vi.waitFor(() => impatient.get(cluster.target, query), { timeout: 20_000 });
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
    const server = await startServer(cluster, documents({ "/api/v1": { resources: [] } }));

    for (let index = 0; index < 10; index += 1) await kubernetes.kinds(server.target, "v1");

    server.close();
    // A second connection, because the first is not yet free at the moment its answer has been read.
    expect(new Set(server.requests.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
  });

  test("passes on the credential's own error unchanged", async () => {
    const broken = createKubernetes({ credential: { getToken: () => Promise.reject(new Error("no identity")) } });

    await expect(broken.kinds(cluster.target, "v1")).rejects.toThrow("no identity");
  });
});
