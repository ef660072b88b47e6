import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import ts from "typescript";
import { expect, it } from "vitest";
import { keepLogContext, logLine, logWithin } from "../../src/telemetry/logLine.ts";
import { concerning, inTrace } from "../../src/telemetry/spans.ts";

const trace = "0af7651916cd43dd8448eb211c80319c";

it("adds trace and operation to a line by itself", async () => {
  const line = await logWithin({ traceId: trace }, () =>
    concerning({ operation: "1-2", step: "ensureIdentity" }, async () => {
      await setImmediate();
      return logLine("step done", { action: "create" });
    }),
  );

  expect(line).toBe(`step done action="create" operation="1-2" traceId="${trace}"`);
});

it("prefers a line's own fields, such as those of a record that a timer works on", () => {
  const line = logWithin({ traceId: trace, operation: "1-2" }, () => [
    logLine("taking up an operation", { operation: "3-4", traceId: "of the record" }),
    logLine("starting an operation", { operation: "3-4", traceId: undefined }),
  ]);

  expect(line).toEqual([
    `taking up an operation operation="3-4" traceId="of the record"`,
    `starting an operation operation="3-4" traceId="${trace}"`,
  ]);
});

it("uses the trace that the work continues", () => {
  expect(inTrace(`00-${trace}-b7ad6b7169203331-01`, () => logLine("x"))).toBe(`x traceId="${trace}"`);
  expect(inTrace(undefined, () => logLine("x"))).toBe("x");
});

it("keeps a function's context for whatever calls it later", () => {
  const later = logWithin({ traceId: trace }, () => keepLogContext((reason: string) => logLine("x", { reason })));

  expect(later("gone")).toBe(`x reason="gone" traceId="${trace}"`);
});

const source = join(import.meta.dirname, "../../src");
const levels = new Set(["log", "info", "warn", "error", "debug", "trace"]);
/** Receivers with methods of these names that do not log. */
const others = new Set(["z", "Math"]);

interface LogCall {
  readonly where: string;
  readonly isLine: boolean;
}

function logCallsIn(file: string): readonly LogCall[] {
  const text = readFileSync(join(source, file), "utf8");
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: LogCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && writesLog(node.expression)) {
      const [first] = node.arguments;
      const isLine = first !== undefined && ts.isCallExpression(first) && first.expression.getText() === "logLine";
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart());
      found.push({ where: `src/${file}:${line + 1}`, isLine });
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return found;
}

function writesLog(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === "warn";
  return (
    ts.isPropertyAccessExpression(callee) && levels.has(callee.name.text) && !others.has(callee.expression.getText())
  );
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

it("writes every line of the log with logLine", () => {
  const calls = files.flatMap(logCallsIn);

  expect(calls.length).toBeGreaterThan(45);
  expect(calls.filter(({ isLine }) => !isLine).map(({ where }) => where)).toEqual([]);
});

it("writes no log in replayed code, which would repeat it", () => {
  const replayed = files.filter((name) => /^orchestrations[/\\]/.test(name));

  expect(replayed.length).toBeGreaterThan(10);
  expect(replayed.flatMap(logCallsIn)).toEqual([]);
});
