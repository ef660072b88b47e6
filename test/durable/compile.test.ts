/** What must not compile: an activity called with a wrong input, a result used as another type, a wrong child. */
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

const head = `
import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { activity } from "../../src/activities/host.ts";
import { child } from "../../src/durable/orchestration.ts";
import { all, type Durable } from "../../src/durable/step.ts";
import { onboardNamespace } from "../../src/orchestrations/onboardNamespace.ts";
declare const context: OrchestrationContext;
const prepare = activity({
  name: "prepare",
  input: z.object({ operation: z.string(), policy: z.enum(["Never", "Always"]) }),
  output: z.object({ clientId: z.string() }),
  run: async () => ({ clientId: "" }),
});
declare const input: Parameters<typeof prepare>[0];
`;

const cases: [what: string, code: string, error: RegExp | undefined][] = [
  ["a right call", "function* f(): Durable<string> { return (yield* prepare(input)).clientId; }", undefined],
  [
    "right results of all",
    "function* f(): Durable<string> { const [a] = yield* all(context, [prepare(input)]); return a.clientId; }",
    undefined,
  ],
  ["a missing field", `prepare({ operation: "x" });`, /is missing/],
  ["a misspelt field's value", `prepare({ ...input, policy: "Sometimes" });`, /not assignable/],
  [
    "a result of another type",
    "function* f(): Durable<number> { return (yield* prepare(input)).clientId; }",
    /'string' is not assignable to type 'number'/,
  ],
  [
    "a field that the result does not have",
    "function* f(): Durable<unknown> { return (yield* prepare(input)).secret; }",
    /'secret' does not exist/,
  ],
  [
    "an activity whose input is a bare boolean",
    `activity({ name: "x", input: z.boolean(), output: z.string(), run: async () => "" });`,
    /boolean.* is not assignable to .*object/,
  ],
  [
    "a child by name",
    `child(context, "onboardNamspace", { instanceId: "x", input: {} });`,
    /not assignable to parameter/,
  ],
  [
    "a child with a wrong input",
    `child(context, onboardNamespace, { instanceId: "x", input: { request: 1 } });`,
    /not assignable|missing/,
  ],
];

it("compiles correct calls and rejects wrong ones", () => {
  const files = new Map(
    cases.map(([, code], index) => [join(import.meta.dirname, `case${index}.ts`), `${head}${code}`]),
  );
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  options.noUnusedLocals = false;
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? getSourceFile(name, languageVersion, ...rest)
      : ts.createSourceFile(name, text, languageVersion);
  };

  const program = ts.createProgram([...files.keys()], options, host);

  for (const [index, [what, , error]] of cases.entries()) {
    const file = program.getSourceFile(join(import.meta.dirname, `case${index}.ts`));
    const messages = program
      .getSemanticDiagnostics(file)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
    if (error) expect(messages.join("; "), what).toMatch(error);
    else expect(messages, what).toEqual([]);
  }
});
