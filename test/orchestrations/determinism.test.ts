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

it("applies the same rules to the pure file of a resource", async () => {
  const [pure] = await eslint.lintText("const t = Date.now();", {
    filePath: join(root, "src/resources/identity/identity.ts"),
  });
  const linted = await eslint.lintFiles(["src/resources"]);

  expect(pure?.errorCount).toBeGreaterThan(0);
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
