/** The workflows cannot run on this machine: everything that they name must exist, and none may contain or request a secret. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const root = dirname(dirname(import.meta.dirname));
const folder = join(root, ".github/workflows");

const Step = z.object({ uses: z.string().optional(), run: z.string().optional(), with: z.looseObject({}).optional() });
const Workflow = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.looseObject({
      "timeout-minutes": z.int(),
      steps: z.array(Step),
      permissions: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

const workflows = await Promise.all(
  (await readdir(folder)).map(async (file) => {
    const text = await readFile(join(folder, file), "utf8");
    return { file, text, workflow: Workflow.parse(parse(text)) };
  }),
);
const stepsOf = ({ workflow }: (typeof workflows)[number]) =>
  Object.values(workflow.jobs).flatMap(({ steps }) => steps);

it("has all four workflows", () => {
  expect(workflows.map(({ file }) => file).sort()).toEqual(["deploy.yml", "nightly.yml", "package.yml", "verify.yml"]);
});

it.each(workflows)("requests no secret, and only the permissions that it needs: $file", ({ text, workflow }) => {
  const granted = Object.values(workflow.jobs).flatMap(({ permissions }) => Object.entries(permissions));

  expect(text).not.toMatch(/secrets\.|client-secret|creds:|password/i);
  expect(workflow.permissions).toEqual({ contents: "read" });
  expect(granted.filter(([, access]) => access === "write").map(([what]) => what)).not.toContain("contents");
});

it.each(workflows)("leaves no token in the checkout, and pins the actions that it uses: $file", (each) => {
  const used = stepsOf(each).filter(({ uses }) => uses !== undefined);

  expect(used.filter(({ uses }) => !/@v\d+$/.test(uses ?? ""))).toEqual([]);
  for (const { with: options } of used.filter(({ uses }) => uses?.startsWith("actions/checkout@")))
    expect(options).toMatchObject({ "persist-credentials": false });
});

it.each(workflows)("runs only commands that this project has: $file", async (each) => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
  const commands = stepsOf(each).flatMap(({ run = "" }) => [...run.matchAll(/npm run (\S+)/g)].map(([, name]) => name));

  expect(commands.filter((name) => name === undefined || !(name in scripts))).toEqual([]);
});

it("covers every ecosystem that the project depends on", async () => {
  const { updates } = z
    .object({ updates: z.array(z.object({ "package-ecosystem": z.string(), directory: z.string() })) })
    .parse(parse(await readFile(join(root, ".github/dependabot.yml"), "utf8")));

  for (const { directory } of updates) await expect(readdir(join(root, directory))).resolves.not.toEqual([]);
  expect(new Set(updates.map((each) => each["package-ecosystem"]))).toEqual(
    new Set(["npm", "nuget", "github-actions", "devcontainers"]),
  );
});
