/** `mooring get|apply|diff|delete` as users of kubectl call them, with objects from kustomize, against the sandbox. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { checkout, type Ended, type RunOptions, runLightly } from "./support/program.ts";

const { cluster, sqlServer } = names;

let sandbox: SuiteSandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await startSandbox({ because: "it lists everything that is there" });
  folder = await mkdtemp(join(tmpdir(), "mooring-objects-"));
  process.chdir(folder);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(async () => {
  process.chdir(checkout);
  await rm(folder, { recursive: true, force: true });
  await sandbox?.close();
});

const mooring = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  runLightly(args, { ...options, env: { MOORING_SERVER: sandbox.url } });

interface ObjectForm {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
}

function objectOf(name: string, { database = "messages", role = "reader" } = {}): ObjectForm {
  return {
    apiVersion: "mooring.dev/v1alpha1",
    kind: "NamespaceOnboarding",
    metadata: { name },
    spec: { cluster, databases: [{ server: sqlServer, database, roles: [role] }] },
  } as ObjectForm;
}

const textOf = (...objects: readonly object[]) => objects.map((each) => stringify(each)).join("---\n");

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
  return name;
}

function isThere(namespace: string): boolean {
  const name = identityName({ cluster, namespace });
  return [...sandbox.cloud.world.identities.values()].some((identity) => identity.name === name);
}

describe("an object's life", () => {
  const file = "shop.yaml";
  const changed = stringify({
    ...objectOf("shop"),
    spec: { ...objectOf("shop").spec, databases: [{ server: sqlServer, database: "orders", roles: ["reader"] }] },
  });

  it("begins with a diff and a dry run, which write nothing", async () => {
    await write(file, textOf(objectOf("shop")));

    const [diff, dryRun] = await Promise.all([
      mooring(["diff", "-f", file]),
      mooring(["apply", "-f", file, "--dry-run"]),
    ]);

    expect(diff).toMatchObject({ code: 1, stderr: "" });
    expect(diff.stdout).toMatch(
      /^--- \/dev\/null\n\+\+\+ shop.yaml\n@@ -0,0 \+1,\d+ @@\n\+apiVersion: mooring.dev\/v1alpha1\n/,
    );
    expect(diff.stdout).toMatch(/^\+ {2}serviceAccount: app$/m);
    expect(diff.stdout).toMatch(/^\+ set up identity .* create$/m);
    expect(dryRun).toEqual({
      ...{ code: 0, stdout: "namespaceonboarding/shop created (dry run)\n" },
      stderr: "shop: 5 writes; mooring diff shows them\n",
    });
    expect(isThere("shop")).toBe(false);
  });

  it("is created, and is unchanged when applied again", async () => {
    const created = await mooring(["apply", "-f", file, "--wait"]);
    const again = await mooring(["apply", "-f", file, "--wait"]);
    const [diff, dryRun] = await Promise.all([
      mooring(["diff", "-f", file]),
      mooring(["apply", "-f", file, "--dry-run"]),
    ]);

    expect(created).toMatchObject({ code: 0, stdout: "namespaceonboarding/shop created\n" });
    expect(created.stderr).toMatch(/^onboard aks-dev\/shop {2}Succeeded in/m);
    expect(isThere("shop")).toBe(true);
    expect(again).toEqual({ code: 0, stdout: "namespaceonboarding/shop unchanged\n", stderr: "" });
    expect(diff).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(dryRun.stdout).toBe("namespaceonboarding/shop unchanged (dry run)\n");
  });

  it("round-trips: apply accepts what get prints, as YAML, as JSON and in a list", async () => {
    const [yaml, json, list] = await Promise.all([
      mooring(["get", "namespace", `${cluster}/shop`, "-o", "yaml"]),
      mooring(["get", "ns/shop", "-o", "json"]),
      mooring(["get", "namespaces", "-o", "yaml"]),
    ]);
    const printed = [yaml.stdout, json.stdout, list.stdout];
    const applied = await Promise.all(printed.map((stdin) => mooring(["apply", "-f", "-"], { stdin })));
    const diff = await mooring(["diff", "-f", "-"], { stdin: yaml.stdout });
    const watched = await mooring(["get", "ns", "-w", "--timeout", "1s", "-o", "yaml"]);

    expect(parse(yaml.stdout)).toMatchObject({
      ...objectOf("shop"),
      metadata: { name: "shop", namespace: "shop" },
      spec: { cluster, serviceAccount: "app", deletePolicy: "Delete" },
      status: { state: "Onboarded", findings: [], clientId: expect.any(String), operation: expect.any(String) },
    });
    expect(JSON.parse(json.stdout)).toEqual(parse(yaml.stdout));
    expect(parse(list.stdout)).toEqual({ apiVersion: "v1", kind: "List", items: [parse(yaml.stdout)] });
    expect(parse(watched.stdout)).toEqual(parse(yaml.stdout));
    for (const each of applied)
      expect(each).toEqual({ code: 0, stdout: "namespaceonboarding/shop unchanged\n", stderr: "" });
    expect(diff).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("shows a change with diff, and is then configured", async () => {
    const before = parse((await mooring(["get", "ns", "shop", "-o", "yaml"])).stdout) as ObjectForm;
    const diff = await mooring(["diff", "-f", "-"], { stdin: changed });
    const applied = await mooring(["apply", "-f", "-", "--yes", "--wait", "-o", "json"], { stdin: changed });
    const after = parse((await mooring(["get", "ns", "shop", "-o", "yaml"])).stdout) as ObjectForm;
    const back = await mooring(["apply", "-f", "-", "--yes", "--wait", "-o", "name"], { stdin: stringify(before) });

    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain("--- aks-dev/shop\n+++ Standard input\n@@ ");
    expect(diff.stdout).toMatch(/^- {6}database: messages\n\+ {6}database: orders$/m);
    expect(diff.stdout).toMatch(/^- revoke database access +sql-dev\/messages +delete$/m);
    expect(diff.stdout).not.toContain("set up identity");
    expect(JSON.parse(applied.stdout)).toEqual({
      value: [
        {
          cluster,
          namespace: "shop",
          name: "shop",
          where: "Standard input",
          change: "configured",
          operation: expect.any(String),
        },
      ],
    });
    expect(after.spec).toMatchObject({ databases: [{ database: "orders" }] });
    expect(back).toMatchObject({ code: 0, stdout: `${cluster}/shop\n` });
    expect((await mooring(["apply", "-f", "-"], { stdin: stringify(before) })).stdout).toContain("unchanged");
  });

  it("is listed by get under every name", async () => {
    const ways = [
      ["namespaces"],
      ["ns", "shop"],
      ["namespace/shop"],
      ["namespaceonboarding", `${cluster}/shop`],
      ["ns", "shop", "--cluster", cluster],
    ];

    const tables = await Promise.all(ways.map((way) => mooring(["get", ...way])));
    const [byName, operations] = await Promise.all([
      mooring(["get", "ns", "-o", "name"]),
      mooring(["get", "op", "-o", "name"]),
    ]);
    const [first = ""] = operations.stdout.split("\n");
    const operation = await mooring(["get", "operation", first]);

    for (const { code, stdout } of tables) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/^NAMESPACE +STATE .*\naks-dev\/shop +Onboarded /);
    }
    expect(byName.stdout).toBe(`${cluster}/shop\n`);
    expect(operation.stdout).toMatch(new RegExp(`^ID .*\n${first} +change +Succeeded`));
  });

  it("is deleted by its file; a missing object is an error without --ignore-not-found", async () => {
    const dryRun = await mooring(["delete", "-f", file, "--dry-run"]);
    const deleted = await mooring(["delete", "-f", file, "--wait"]);
    const [again, byName, ignored] = await Promise.all([
      mooring(["delete", "-f", file]),
      mooring(["delete", "ns", "shop"]),
      mooring(["delete", "ns", "shop", `${cluster}/shop`, "--ignore-not-found"]),
    ]);

    expect(dryRun).toMatchObject({ code: 0, stdout: "namespaceonboarding/shop deleted (dry run)\n" });
    expect(deleted).toMatchObject({ code: 0, stdout: "namespaceonboarding/shop deleted\n" });
    expect(isThere("shop")).toBe(false);
    expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("NOT_ONBOARDED") });
    expect(byName).toMatchObject({ code: 1, stderr: expect.stringContaining("No namespace shop is onboarded.") });
    expect(ignored).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

describe("deleting several", () => {
  const names = ["gone-1", "gone-2"];
  const file = () => join(folder, "gone.yaml");

  it("makes one batch, and asks for confirmation unless --yes is given", async () => {
    await write("gone.yaml", textOf(...names.map((name) => objectOf(name))));
    await mooring(["apply", "-f", file(), "--wait"]);

    const [byFile, byName, dryRun] = await Promise.all([
      mooring(["delete", "-f", file()]),
      mooring(["delete", "ns", ...names.map((name) => `${cluster}/${name}`)]),
      mooring(["delete", "-f", file(), "--dry-run"]),
    ]);
    const stayed = names.map(isThere);
    const deleted = await mooring(["delete", "-f", file(), "--yes", "--wait", "-o", "json"]);
    const [again, ignored] = await Promise.all([
      mooring(["delete", "-f", file(), "--yes", "--wait"]),
      mooring(["delete", "-f", file(), "--yes", "--ignore-not-found"]),
    ]);

    for (const { code, stdout, stderr } of [byFile, byName]) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("--yes continues without asking");
    }
    expect(dryRun).toMatchObject({ code: 0, stdout: expect.stringContaining("2 of 2 ready") });
    expect(stayed).toEqual([true, true]);
    expect(deleted.code).toBe(0);
    expect(JSON.parse(deleted.stdout)).toMatchObject({ kind: "batch", action: "offboard", totals: { succeeded: 2 } });
    expect(names.map(isThere)).toEqual([false, false]);
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining("NOT_ONBOARDED") });
    expect(ignored).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

describe("files", () => {
  it("are found in folders, by patterns and several -f, and other kinds of objects are ignored", async () => {
    await write("teams/one.yaml", textOf(objectOf("one"), { apiVersion: "apps/v1", kind: "Deployment", spec: {} }));
    await write("teams/two.json", JSON.stringify({ apiVersion: "v1", kind: "List", items: [objectOf("two")] }));
    await write("teams/notes.txt", "nothing");
    await write("teams/more/three.yml", textOf(objectOf("three")));
    const said = async (...args: string[]) => await mooring(["apply", "--dry-run", "-o", "name", ...args]);
    const nameEach = (...list: string[]) => list.map((name) => `${cluster}/${name}\n`).join("");

    const [flat, deep, pattern, several] = await Promise.all([
      said("-f", "teams"),
      said("-Rf", "teams"),
      said("-f", "teams/t*.json", "-f", "teams/**/*.yml"),
      said("-f", "teams/more/three.yml", "-f", "teams/one.yaml"),
    ]);

    expect(flat.stdout).toBe(nameEach("one", "two"));
    expect(flat.stderr).toMatch(/^Skipped, because they are not Mooring's: Deployment.\none: 5 writes/);
    expect(deep.stdout).toBe(nameEach("three", "one", "two"));
    expect(pattern.stdout).toBe(nameEach("two", "three"));
    expect(several.stdout).toBe(nameEach("three", "one"));
  });

  it("that match a pattern are all read, and a dangling link is an error", async () => {
    await write("links/one.yaml", textOf(objectOf("one")));
    await symlink("gone.yaml", join(folder, "links/lost.yaml"));

    const { code, stdout, stderr } = await mooring(["apply", "--dry-run", "-f", "links/*.yaml"]);

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("links/lost.yaml is not there");
  });

  it("may come from kustomize, whose namespace is onboarded", async () => {
    await write("base/shop.yaml", textOf(objectOf("shop")));
    await write("base/kustomization.yaml", "resources: [shop.yaml]\nnamePrefix: eu-\nnamespace: shop-eu\n");
    // As `kubectl kustomize` 5.5.0 prints it from these files, with common labels and annotations, and a Deployment next to it.
    const built = `apiVersion: mooring.dev/v1alpha1
kind: NamespaceOnboarding
metadata:
  annotations:
    a: b
  labels:
    team: eu
  name: eu-shop
  namespace: shop-eu
spec:
  cluster: ${cluster}
  databases:
  - database: messages
    roles:
    - reader
    server: ${sqlServer}
`;

    const [applied, named, unbuilt, batch] = await Promise.all([
      mooring(["apply", "-f", "-", "--dry-run"], { stdin: built }),
      mooring(["diff", "-f", "-", "-o", "name"], { stdin: built }),
      mooring(["diff", "-f", "base", "-o", "name"]),
      mooring(["onboard", "-f", "base", "--dry-run"]),
    ]);

    expect(applied.stdout).toBe("namespaceonboarding/eu-shop created (dry run)\n");
    expect(named.stdout).toBe(`${cluster}/shop-eu\n`);
    const refusal = "mooring: base has a kustomization.yaml, which Mooring does not read.";
    for (const [ended, command] of [
      [unbuilt, "diff"],
      [batch, "onboard"],
    ] as const) {
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain(refusal);
      expect(ended.stderr).toContain(`kustomize build base | mooring ${command} -f -`);
    }
  });

  it("report mistakes by file, document and field, and the valid objects are applied", async () => {
    const misspelt = { ...objectOf("green-2"), metadata: { name: "green-2", namepsace: "x" } };
    const unknown = objectOf("green-3", { database: "secrets" });
    await write("mixed.yaml", textOf(objectOf("green-1"), misspelt, unknown, objectOf("green-4")));

    const applied = await mooring(["apply", "-f", "mixed.yaml", "--wait"]);
    const diff = await mooring(["diff", "-f", "mixed.yaml"]);
    const batch = await mooring(["onboard", "-f", "mixed.yaml", "--dry-run"]);

    expect(applied.code).toBe(1);
    expect(applied.stdout).toBe("namespaceonboarding/green-1 created\nnamespaceonboarding/green-4 created\n");
    for (const { stderr } of [applied, diff, batch]) {
      expect(stderr).toMatch(/^ {2}mixed.yaml, document 2: \/metadata\/namepsace +is not a known field$/m);
      expect(stderr).toMatch(/^ {2}mixed.yaml, document 3: \/spec\/databases\/0\/database +The catalog lists no/m);
    }
    expect([isThere("green-1"), isThere("green-4")]).toEqual([true, true]);
    expect(diff.code).toBe(5);
    expect(batch.code).toBe(1);
  });

  it("must name each namespace once", async () => {
    const [twice, none, others] = await Promise.all([
      mooring(["apply", "-f", "-"], { stdin: textOf(objectOf("a"), objectOf("a")) }),
      mooring(["delete", "-f", "-"], { stdin: "kind: NamespaceOnboarding\nspec: {cluster: aks-dev}\n" }),
      mooring(["apply", "-f", "-"], { stdin: "apiVersion: v1\nkind: Service\n" }),
    ]);

    expect(twice).toMatchObject({ code: 2, stdout: "" });
    expect(twice.stderr).toContain(
      "aks-dev/a is in Standard input, document 1 and again in Standard input, document 2",
    );
    expect(none.stderr).toContain("Standard input does not name a cluster and a namespace.");
    expect(others.stderr).toContain("No request in Standard input, but Service.");
  });
});

it("shows each outcome with --wait, and ends with 1 when one failed", async () => {
  sandbox.cloud.faults.add({
    wire: "kubernetes",
    operation: /serviceaccounts/,
    target: /blue-2/,
    times: 50,
    effect: { kind: "error", code: "Forbidden", status: 403 },
  });

  const { code, stdout, stderr } = await mooring(["apply", "-f", "-", "--wait"], {
    stdin: textOf(objectOf("blue-1"), objectOf("blue-2")),
  });

  expect(code).toBe(1);
  expect(stdout).toBe("namespaceonboarding/blue-1 created\n");
  expect(stderr).toMatch(/^mooring: namespaceonboarding\/blue-2: KUBERNETES_\w+: /m);
  expect(stderr).toMatch(/^ {2}next {3}mooring status [\w-]+$/m);
  expect([isThere("blue-1"), isThere("blue-2")]).toEqual([true, false]);
});

it("does not say that it deleted what it could not", async () => {
  const names = ["kept-1", "kept-2"].map((name) => `${cluster}/${name}`);
  await mooring(["apply", "-f", "-", "--wait"], { stdin: textOf(objectOf("kept-1"), objectOf("kept-2")) });
  sandbox.cloud.faults.add({
    wire: "arm",
    operation: /delete/i,
    target: /kept-/,
    times: 100,
    effect: { kind: "error", code: "AuthorizationFailed", status: 403 },
  });
  const [first = "", second = ""] = names;

  const text = await mooring(["delete", "ns", first, "--wait"]);
  const json = await mooring(["delete", "ns", second, "--wait", "-o", "json"]);

  expect(text).toMatchObject({ code: 1, stdout: "" });
  expect(json.code).toBe(1);
  const [document] = JSON.parse(json.stdout).value;
  expect(document).toMatchObject({ namespace: "kept-2", operation: expect.any(String) });
  expect(document).not.toHaveProperty("change");
});

it("says without --wait that it is deleting", async () => {
  await mooring(["apply", "-f", "-", "--wait"], { stdin: textOf(objectOf("going")) });

  const { code, stdout } = await mooring(["delete", "ns", `${cluster}/going`]);

  expect({ code, stdout }).toEqual({ code: 0, stdout: "namespaceonboarding/going deleting\n" });
  await expect.poll(() => isThere("going"), { interval: 300 }).toBe(false);
});

it("also accepts objects from the queue and in a batch, next to plain requests", async () => {
  const plain = { namespace: "grey-3", ...objectOf("grey-3").spec };
  sandbox.cloud.serviceBus.queue(names.queue).send({ body: objectOf("grey-1") });

  const batch = await mooring(["onboard", "-f", "-", "--wait"], { stdin: textOf(objectOf("grey-2"), plain) });

  expect(batch).toMatchObject({ code: 0, stdout: expect.stringContaining("2 of 2 done") });
  const state = async () => (await mooring(["get", "ns", `${cluster}/grey-1`, "-o", "json"])).stdout;
  await expect.poll(state, { interval: 300 }).toContain('"state": "Onboarded"');
});

it("gives editors a schema that accepts the objects that it prints", async () => {
  const answer = await fetch(`${sandbox.url}/api/onboardings/schema.json`);
  const openApi = await (await fetch(`${sandbox.url}/api/openapi.json`)).json();

  expect(await answer.json()).toMatchObject({ title: "NamespaceOnboarding", properties: { spec: { type: "object" } } });
  expect(openApi).toHaveProperty("components.schemas.NamespaceOnboarding");
});

it("says which part of a kind or a name it does not understand", async () => {
  const ended = await Promise.all(
    [
      ["get", "namspaces"],
      ["get", "ns", "a/b", "--limit", "5"],
      ["get", "catalog", "x"],
      ["delete"],
      ["delete", "op", "x"],
      ["apply"],
    ].map((args) => mooring(args)),
  );

  expect(ended.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(ended[0]?.stderr).toContain("Did you mean namespaces?");
  expect(ended[5]?.stderr).toContain("apply needs requests: -f <file>");
});

it("reads the example file", async () => {
  const example = join(import.meta.dirname, "../../examples/team-d.object.yaml");

  const { code, stdout } = await mooring(["apply", "-f", example, "--dry-run"]);

  expect(code).toBe(0);
  expect(stdout).toBe("namespaceonboarding/team-d created (dry run)\n");
  expect(await readFile(example, "utf8")).toContain("yaml-language-server: $schema=");
});
