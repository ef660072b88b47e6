/** docs/deploy.md names exactly the parameters, settings and kinds of resources that exist. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { readDeployments } from "./support/snapshots.ts";

const root = dirname(dirname(import.meta.dirname));
const read = (name: string) => readFile(join(root, name), "utf8");
const guide = await read("docs/deploy.md");
const deployments = (await readDeployments()).filter(({ name }) => name !== "sample");

/** Text in backticks in a column of the table below a heading. */
function tableBelow(heading: string, column: number): readonly string[] {
  const section = guide.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.slice(2).map((row) => row.split("|")[column] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? "")).sort();
}

it("has every parameter that the environment can set", async () => {
  const parameters = (await read("infra/main.bicepparam")).matchAll(/readEnvironmentVariable\('(\w+)'/g);

  expect(tableBelow("Parameters", 1)).toEqual([...new Set([...parameters].map(([, name]) => name))].sort());
});

it("has the defaults of these parameters", async () => {
  const template = await read("infra/main.bicepparam");
  const defaults = [...template.matchAll(/readEnvironmentVariable\('(\w+)', '([^']+)'\)/g)];
  const rows = guide.split("\n").filter((line) => line.startsWith("| `"));

  const wrong = defaults.filter(
    ([, name, value]) => !rows.some((row) => row.includes(`\`${name}\``) && row.includes(`\`${value}\``)),
  );

  expect(defaults.length).toBeGreaterThan(10);
  expect(wrong.map(([, name]) => name)).toEqual([]);
});

it("has every kind of resource that a deployment makes", () => {
  const types = deployments.flatMap(({ predictedResources }) => predictedResources.map(({ type }) => type));
  const told = tableBelow("What is created", 2);

  expect(told).toEqual([...new Set(types)].sort());
});

it("has every setting of the app, and the code's settings that the template does not set", () => {
  const set = deployments.flatMap(({ predictedResources }) =>
    predictedResources
      .filter(({ name }) => name.endsWith("/appsettings"))
      .flatMap(({ properties }) => Object.keys(properties)),
  );
  expect(tableBelow("Settings of the app", 1)).toEqual([...new Set(set)].sort());

  const read = new Set<string>();
  expect(() => loadConfig(new Proxy({}, { get: (_, name) => void read.add(String(name)) }))).toThrow();
  const section = guide.split("\n## Settings of the app\n")[1]?.split("\n## ")[0] ?? "";
  expect([...read].filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});

it("names only existing commands", async () => {
  const { scripts } = JSON.parse(await read("package.json"));
  const usage = await read("tools/azure.ts");
  const commands = [...guide.matchAll(/npm run ([a-z]+)(?: -- ([a-z]+))?/g)];

  expect(commands.length).toBeGreaterThan(8);
  for (const [, script = "", argument] of commands) {
    expect(scripts).toHaveProperty(script);
    if (script === "azure") expect(usage).toMatch(new RegExp(`^ {2}${argument}\\b`, "m"));
  }
});
