/** azure.yaml is read by azd, which is not available here: everything that it names must exist, in the right order. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readDeployment } from "./support/snapshots.ts";

const root = dirname(dirname(import.meta.dirname));
const Hook = z.strictObject({
  posix: z.looseObject({ shell: z.literal("sh"), run: z.string() }),
  windows: z.looseObject({ shell: z.literal("pwsh"), run: z.string() }),
});
const AzureYaml = z.strictObject({
  name: z.string(),
  requiredVersions: z.object({ azd: z.string() }),
  infra: z.object({ path: z.string(), module: z.string() }),
  services: z.record(
    z.string(),
    z.strictObject({
      project: z.string(),
      host: z.literal("function"),
      language: z.literal("custom"),
      remoteBuild: z.literal(false),
      dist: z.string(),
      hooks: z.strictObject({ prepackage: Hook }),
    }),
  ),
  workflows: z.strictObject({ up: z.strictObject({ steps: z.array(z.strictObject({ azd: z.string() })) }) }),
  hooks: z.strictObject({ preprovision: Hook, postprovision: Hook }),
});

const read = (name: string) => readFile(join(root, name), "utf8");
const azureYaml = AzureYaml.parse(parse(await read("azure.yaml")));

it("provisions before it packages, since the package depends on what was provisioned", () => {
  expect(azureYaml.workflows.up.steps.map(({ azd }) => azd.split(" ")[0])).toEqual(["provision", "package", "deploy"]);
});

it("runs only commands that this project has", async () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await read("package.json")));
  const usage = await read("tools/azure.ts");
  const { prepackage } = azureYaml.services["mooring"]?.hooks ?? {};
  const hooks = [azureYaml.hooks.preprovision, azureYaml.hooks.postprovision, ...(prepackage ? [prepackage] : [])];
  const commands = hooks.flatMap(({ posix, windows }) => [posix.run, windows.run]);

  expect(commands.length).toBe(6);
  for (const command of commands) {
    const [, script = "", argument] = /^npm run (\w+) --silent -- (\S+)/.exec(command) ?? [];
    expect(scripts).toHaveProperty(script);
    if (script === "azure") expect(usage).toMatch(new RegExp(`^ {2}${argument}$`, "m"));
    else expect(command).toMatch(/ --backend .*MOORING_BACKEND.*scheduler/);
  }
});

it("finds the app by the template's tag, and the package in its output folder", async () => {
  const { predictedResources, outputs } = await readDeployment("scheduler");
  const app = predictedResources.find(({ type }) => type === "Microsoft.Web/sites");

  expect(Object.keys(azureYaml.services)).toEqual([Object(app?.["tags"])["azd-service-name"]]);
  expect(azureYaml.services["mooring"]?.dist).toBe("dist/package/mooring.zip");
  expect(Object.keys(outputs)).toEqual(
    expect.arrayContaining(["MOORING_BACKEND", "MOORING_SERVER", "MOORING_AUDIENCE", "MOORING_IDENTITY_PRINCIPAL_ID"]),
  );
});

const Sample = z.strictObject({
  name: z.string(),
  requiredVersions: z.object({ azd: z.string() }),
  infra: z.object({ path: z.literal("."), module: z.literal("main") }),
  hooks: z.strictObject({ postprovision: Hook }),
});

it("provisions the sample with its own azure.yaml, and then installs aad-pod-identity", async () => {
  const { hooks } = Sample.parse(parse(await read("infra/sample/azure.yaml")));
  const { posix, windows } = hooks.postprovision;

  expect([posix.run, windows.run]).toEqual(Array(2).fill("npm run azure --silent -- sample"));
  expect(await read("tools/azure.ts")).toMatch(/^ {2}sample$/m);
  const { outputs } = await readDeployment("sample");
  expect(Object.keys(outputs)).toEqual(expect.arrayContaining(["SAMPLE_CLUSTER_ID", "SAMPLE_SQL_SERVER_ID"]));
  expect(await read("infra/sample/main.bicepparam")).toContain(
    "readEnvironmentVariable('SAMPLE_POD_IDENTITY', 'false')",
  );
});
