/** kubectl is the one client here that this project neither wrote nor chose, so it is the best check of the simulator. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram } from "../../../../test/support/programs.ts";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

const run = promisify(execFile);
const program = "kubectl";

const isUsable = hasProgram(program, {
  what: "kubectl did not meet the simulator",
  probe: ["version", "--client"],
  from: "kubernetes-client",
});

const [, version = ""] = isUsable
  ? (/^Client Version: (\S+)/m.exec(execFileSync(program, ["version", "--client"], { encoding: "utf8" })) ?? [])
  : [];

describe.runIf(isUsable)(`kubectl ${version}`, () => {
  let cluster: TestCluster;
  let home = "";
  beforeAll(async () => {
    cluster = await startCluster();
    home = mkdtempSync(join(tmpdir(), "mooring-kubectl-"));
    writeFileSync(join(home, "config"), cluster.simulator.kubeconfig());
    writeFileSync(join(home, "team.yaml"), team("one"));
    await kubectl("apply", "-f", join(home, "team.yaml"));
  });
  afterAll(async () => {
    rmSync(home, { recursive: true });
    await cluster.simulator.close();
  });

  // A separate home folder, so that kubectl neither finds nor leaves a discovery cache.
  const environment = () => ({ ...process.env, HOME: home, KUBECONFIG: join(home, "config") });

  async function kubectl(...parameters: string[]): Promise<string> {
    return (await run(program, parameters, { env: environment() })).stdout;
  }

  async function refusal(...parameters: string[]): Promise<string> {
    const failed = await run(program, parameters, { env: environment() }).catch((error: unknown) => error);
    if (typeof failed === "object" && failed !== null && "stderr" in failed) return String(failed.stderr);
    throw new Error(`kubectl ${parameters.join(" ")} was expected to fail.`);
  }

  function write(name: string, text: string): string {
    const file = join(home, name);
    writeFileSync(file, text);
    return file;
  }

  const team = (value: string) => `
apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: team}
data: {key: ${value}}
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentity
metadata: {name: id, namespace: team}
spec: {type: 0, resourceID: /subscriptions/s, clientID: c}
`;

  test("applies client-side, and tells unchanged objects from configured ones", async () => {
    expect(await kubectl("apply", "-f", write("a.yaml", team("one")))).toBe(
      "namespace/team unchanged\nconfigmap/settings unchanged\nazureidentity.aadpodidentity.k8s.io/id unchanged\n",
    );
    expect(await kubectl("apply", "-f", write("a.yaml", team("two")))).toContain("configmap/settings configured");
    expect(await kubectl("get", "-n", "team", "configmap", "settings", "-o", "jsonpath={.data.key}")).toBe("two");
  });

  test("applies server-side, and reports conflicts", async () => {
    const manifest = (value: string) =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared","namespace":"team"},"data":{"key":"${value}"}}`;
    const file = write("shared.json", manifest("one"));
    expect(await kubectl("apply", "--server-side", "-f", file)).toBe("configmap/shared serverside-applied\n");

    write("shared.json", manifest("two"));
    const conflict = await refusal("apply", "--server-side", "--field-manager=other", "-f", file);

    expect(conflict).toContain('Apply failed with 1 conflict: conflict with "kubectl": .data.key');
    expect(conflict).toContain("--force-conflicts");
    await kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", file);
    expect(await kubectl("get", "-n", "team", "cm", "shared", "-o", "jsonpath={.data.key}")).toBe("two");
  });

  test("moves an object from client-side to server-side apply", async () => {
    const file = write("moved.yaml", team("one").replace("settings", "moved"));
    await kubectl("apply", "-f", file);

    expect(await kubectl("apply", "--server-side", "-f", file)).toContain("configmap/moved serverside-applied");

    const fields = await kubectl("get", "-n", "team", "cm", "moved", "--show-managed-fields", "-o", "json");
    const managers = JSON.parse(fields).metadata.managedFields.map(
      ({ manager, operation }: { manager: string; operation: string }) => `${manager} ${operation}`,
    );
    expect(managers).toContain("kubectl Apply");
    expect(managers).not.toContain("kubectl-client-side-apply Update");
  });

  test("gets tables with columns, names, JSON, and changes while it watches", async () => {
    expect(await kubectl("get", "namespaces")).toMatch(/^NAME +STATUS +AGE\n/);
    expect(await kubectl("get", "azureidentities", "-n", "team")).toMatch(
      /^NAME +TYPE +CLIENTID +AGE\nid +0 +c +\d+s\n$/,
    );
    expect(await kubectl("get", "sa", "-n", "team", "-o", "name")).toBe("serviceaccount/default\n");

    const watching = spawn(program, ["get", "cm", "-n", "team", "-w", "-o", "name"], { env: environment() });
    let seen = "";
    watching.stdout.on("data", (chunk) => {
      seen += String(chunk);
    });
    await eventually(() => (seen.includes("configmap/settings") ? true : undefined));
    await cluster.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "fresh", namespace: "team" } });
    await eventually(() => (seen.includes("configmap/fresh") ? true : undefined));
    watching.kill();
  });

  test("lists the resources and explains a custom one", async () => {
    expect(await kubectl("api-resources", "-o", "name")).toContain("azureidentities.aadpodidentity.k8s.io\n");
    expect(await kubectl("explain", "azureidentity.spec.clientID")).toContain("FIELD: clientID <string>");
  });

  test("annotates, labels and patches", async () => {
    await kubectl("annotate", "-n", "team", "cm", "settings", "a=b");
    await kubectl("label", "-n", "team", "cm", "settings", "c=d");
    await kubectl("patch", "-n", "team", "azureidentity", "id", "--type=merge", "-p", '{"spec":{"clientID":"new"}}');

    expect((await cluster.simulator.objects.get("v1", "ConfigMap", "settings", "team"))?.metadata).toMatchObject({
      annotations: { a: "b" },
      labels: { c: "d" },
    });
    expect(await kubectl("get", "-n", "team", "azureidentity", "id", "-o", "jsonpath={.spec.clientID}")).toBe("new");
  });

  // kubectl sends these in protobuf.
  test("creates objects without a manifest", async () => {
    expect(await kubectl("create", "namespace", "made")).toBe("namespace/made created\n");
    const literal = await kubectl("create", "configmap", "made", "-n", "made", "--from-literal=key=one");
    expect(literal).toBe("configmap/made created\n");
    await kubectl("create", "quota", "made", "-n", "made", "--hard=pods=0");
    await kubectl("create", "deployment", "made", "-n", "made", "--image=message-app");
    expect(await kubectl("create", "token", "default", "-n", "made")).toMatch(/^ey/);

    expect(await kubectl("get", "cm", "made", "-n", "made", "-o", "jsonpath={.data.key}")).toBe("one");
    expect(await kubectl("get", "quota", "made", "-n", "made", "-o", "jsonpath={.spec.hard.pods}")).toBe("0");
    const image = "jsonpath={.spec.template.spec.containers[0].image}";
    expect(await kubectl("get", "deployment", "made", "-n", "made", "-o", image)).toBe("message-app");
    await kubectl("delete", "namespace", "made", "--timeout=60s");
  });

  test("waits for a condition, and for a deletion", async () => {
    expect(
      await kubectl("wait", "--for=condition=Established", "crd", "azureidentities.aadpodidentity.k8s.io"),
    ).toContain("condition met");
    const metadata = { name: "held", namespace: "team", finalizers: ["example.com/hold"] };
    await cluster.create({ apiVersion: "v1", kind: "ConfigMap", metadata });
    const deleting = kubectl("delete", "-n", "team", "cm", "held", "--timeout=60s");
    await eventually(
      async () => (await cluster.simulator.objects.get("v1", "ConfigMap", "held", "team"))?.metadata.deletionTimestamp,
    );

    const body = [{ op: "remove", path: "/metadata/finalizers" }];
    await cluster.core.patchNamespacedConfigMap({ namespace: "team", name: "held", body });

    // Since 1.34, kubectl also names the namespace.
    expect(await deleting).toMatch(/^configmap "held" deleted( from team namespace)?\n$/);
  });

  test("shows the server's reason for a refusal", async () => {
    const misspelt = team("one").replace("clientID", "clientId");
    expect(await refusal("apply", "-f", write("misspelt.yaml", misspelt))).toContain('unknown field "spec.clientId"');
    expect(await refusal("get", "-n", "team", "cm", "missing")).toBe(
      'Error from server (NotFound): configmaps "missing" not found\n',
    );
  });

  test("deletes a namespace and waits until it is gone", async () => {
    await kubectl("apply", "-f", write("gone.yaml", team("one").replaceAll("team", "gone")));

    expect(await kubectl("delete", "namespace", "gone", "--wait", "--timeout=60s")).toBe('namespace "gone" deleted\n');

    expect(await cluster.simulator.objects.list("aadpodidentity.k8s.io/v1", "AzureIdentity", "gone")).toEqual([]);
  });
});
