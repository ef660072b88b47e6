/** Every query for operators reads only existing tables and columns, and names that Mooring's telemetry has. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { Severity } from "../../src/domain/finding.ts";
import { problemsOf } from "./support/kql.ts";
import { readDeployments } from "./support/snapshots.ts";

const root = dirname(dirname(import.meta.dirname));
const read = (name: string) => readFile(join(root, name), "utf8");

interface Query {
  readonly where: string;
  readonly text: string;
}

async function queriesOfFiles(): Promise<readonly Query[]> {
  const files = (await readdir(join(root, "infra/queries"))).sort();
  return await Promise.all(files.map(async (file) => ({ where: file, text: await read(`infra/queries/${file}`) })));
}

async function queriesOfDocuments(): Promise<readonly Query[]> {
  const found: Query[] = [];
  for (const file of ["docs/runbook.md", "docs/telemetry.md"]) {
    const blocks = (await read(file)).matchAll(/^```kql\n(.*?)^```$/gms);
    for (const [index, [, text = ""]] of [...blocks].entries()) found.push({ where: `${file} ${index + 1}`, text });
  }
  return found;
}

const Rule = z.object({ criteria: z.object({ allOf: z.array(z.object({ query: z.string() })) }) });
const Workbook = z.object({ items: z.array(z.object({ content: z.object({ query: z.string().optional() }) })) });

/** What Azure would get: not the files, but the template's output. */
async function queriesOfDeployments(): Promise<readonly Query[]> {
  return (await readDeployments()).flatMap(({ name: deployment, predictedResources }) =>
    predictedResources.flatMap(({ type, name, properties }) => {
      const where = `${deployment} ${name}`;
      if (type === "Microsoft.Insights/scheduledQueryRules") {
        return Rule.parse(properties).criteria.allOf.map(({ query: text }) => ({ where, text }));
      }
      if (type !== "Microsoft.Insights/workbooks") return [];
      const { items } = Workbook.parse(JSON.parse(String(properties["serializedData"])));
      return items.flatMap(({ content: { query: text } }) => (text === undefined ? [] : [{ where, text }]));
    }),
  );
}

const [files, documents, deployed] = await Promise.all([
  queriesOfFiles(),
  queriesOfDocuments(),
  queriesOfDeployments(),
]);
const all = [...files, ...documents, ...deployed];

it("finds the queries to check, and every file is deployed", () => {
  expect(documents.length).toBeGreaterThanOrEqual(5);
  const used = new Set(deployed.map(({ text }) => text));
  expect(files.filter(({ text }) => !used.has(text)).map(({ where }) => where)).toEqual([]);
});

it("finds no problem in any of them", () => {
  const problems = all.flatMap(({ where, text }) => problemsOf(text).map((problem) => `${where}: ${problem}`));

  expect(problems).toEqual([]);
});

it.each([
  { name: "a table that there is not", text: "AppMetric | take 1", says: "AppMetric" },
  { name: "a column that there is not", text: "AppMetrics | where Nam == 'x'", says: "Nam" },
  { name: "a type that does not fit", text: "AppDependencies | where Success > 'x'", says: "Error" },
  { name: "a word that it does not know", text: "AppTraces | wher Message == ''", says: "Query operator expected" },
])("finds $name", ({ text, says }) => {
  expect(problemsOf(text).join()).toContain(says);
});

it("uses only existing metrics and attributes", async () => {
  const metrics = await read("src/telemetry/metrics.ts");
  const spans = await read("src/telemetry/spans.ts");
  const names = all.flatMap(({ text }) => [...text.matchAll(/"(mooring\.[a-z._]+)"/g)].map(([, name = ""]) => name));

  expect(names.length).toBeGreaterThan(20);
  expect([...new Set(names)].filter((name) => !`${metrics}${spans}`.includes(`"${name}"`))).toEqual([]);
  // Attributes of spans are in the code that makes the spans, including those with dots.
  const dotted = all.flatMap(({ text }) =>
    [...text.matchAll(/Properties\["([\w.]+\.[\w.]+)"\]/g)].map(([, key = ""]) => key),
  );
  expect(dotted.length).toBeGreaterThan(5);
  expect([...new Set(dotted)].filter((key) => !spans.includes(`"${key}"`))).toEqual([]);
  // The attributes of metrics, from their types.
  const keys = all
    .flatMap(({ text }) => [...text.matchAll(/Properties\["(\w+)"\]/g)].map(([, key = ""]) => key))
    .filter((key) => !new RegExp(`\\b${key}: `).test(metrics));
  expect([...new Set(keys)]).toEqual([]);
});

it("uses only existing values", () => {
  const severity = /Properties\["severity"\]\) == "(\w+)"/g;
  const asked = all.flatMap(({ text }) => [...text.matchAll(severity)].map(([, value = ""]) => value));

  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((value) => !Severity.safeParse(value).success)).toEqual([]);
});

it("names only existing metrics, attributes and log lines in prose", async () => {
  const prose = (await Promise.all(["docs/runbook.md", "docs/telemetry.md"].map(read)))
    .join("\n")
    .replaceAll(/^```.*?^```$/gms, "");
  const code = (await Promise.all((await sourcesOf()).map(read))).join("\n");
  const quoted = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, name = ""]) => name);

  const attributes = quoted.filter((name) => /^mooring\.[a-z._]+$/.test(name));
  expect(attributes.length).toBeGreaterThan(10);
  expect(attributes.filter((name) => !code.includes(`"${name}"`))).toEqual([]);
  // Log lines are the only names with several plain words.
  const lines = quoted.filter((name) => /^[a-z]+(?: [a-z]+)+$/.test(name) && !name.startsWith("mooring "));
  expect(lines.length).toBeGreaterThan(6);
  expect(lines.filter((line) => !code.includes(`"${line}"`))).toEqual([]);
});

async function sourcesOf(): Promise<readonly string[]> {
  const names = await readdir(join(root, "src"), { recursive: true });
  return names.filter((name) => name.endsWith(".ts")).map((name) => join("src", name));
}

it("uses only log lines that are written", async () => {
  const code = await Promise.all((await sourcesOf()).map(read));
  const written = new Set(
    code.flatMap((text) => [...text.matchAll(/logLine\("([^"]+)"/g)].map(([, event = ""]) => event)),
  );
  const asked = all.flatMap(({ text }) =>
    [...text.matchAll(/Message startswith "([^"]+)"/g)].map(([, line = ""]) => line),
  );

  expect(asked.length).toBeGreaterThan(0);
  expect([...new Set(asked)].filter((line) => !written.has(line))).toEqual([]);
});
