/** The lint rules for replayed code must work: each forbidden construct once, and the orchestrators themselves clean. */
import { join } from "node:path";
import { ESLint } from "eslint";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const eslint = new ESLint({ cwd: root });

const forbidden = [
  "const t = Date.now();",
  "const t = new Date();",
  "const r = Math.random();",
  "const id = crypto.randomUUID();",
  "setTimeout(() => undefined, 1);",
  "const v = process.env.X;",
  "const r = fetch('http://x');",
  "console.log('x');",
  "export async function* f() { await g(); }",
  "const all = Promise.all([]);",
  "const fs = await import('node:fs');",
  "import { readFileSync } from 'node:fs';",
  "import { createArm } from '../adapters/arm/index.ts';",
];

it.each(forbidden)("flags `%s` in an orchestrator", async (code) => {
  const [result] = await eslint.lintText(code, { filePath: join(root, "src/orchestrations/example.ts") });

  expect(result?.errorCount).toBeGreaterThan(0);
  expect(result?.messages[0]?.message).not.toMatch(/Parsing error/);
});

it.each([
  "from: () => ({ at: Date.now() })",
  "from: () => ({ id: crypto.randomUUID() })",
  "from: ({ request }) => ({ part: Math.random() < 0.5 ? request : undefined })",
  "from: async () => ({})",
  "async from() { return {}; }",
  "from() { return { home: process.env.HOME }; }",
  "ensure: (operation) => [keyFor(operation, String(performance.now()))]",
])("flags `%s` in the definition of a step or a resource", async (part) => {
  for (const file of ["src/resources/identity/steps.ts", "src/application/process/preflight.ts"]) {
    const [result] = await eslint.lintText(`export const step = define({ ${part} });`, { filePath: join(root, file) });

    expect(result?.errorCount).toBeGreaterThan(0);
    expect(result?.messages[0]?.message).not.toMatch(/Parsing error/);
  }
});

it("flags a clock in the lists of steps", async () => {
  const [lists] = await eslint.lintText("const t = Date.now();", {
    filePath: join(root, "src/application/process/programs.ts"),
  });

  expect(lists?.errorCount).toBeGreaterThan(0);
});

it("finds the definitions of steps, and finds them clean", async () => {
  const linted = await eslint.lintFiles(["src/resources", "src/application/process"]);

  expect(linted.length).toBeGreaterThan(10);
  expect(linted.flatMap(({ messages }) => messages)).toEqual([]);
});

it("accepts deterministic code", async () => {
  const code = "export function* f(context: { now: number }) { return Math.max(context.now, 1); }";

  const [result] = await eslint.lintText(code, { filePath: join(root, "src/orchestrations/example.ts") });

  expect(result?.messages).toEqual([]);
});

it("finds the orchestrators, and finds them clean", async () => {
  const results = await eslint.lintFiles(["src/orchestrations"]);

  expect(results.length).toBeGreaterThan(2);
  expect(results.flatMap(({ messages }) => messages)).toEqual([]);
});
