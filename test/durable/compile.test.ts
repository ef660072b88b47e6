/** What must not compile: an activity called with a wrong input, a result used as another type, a wrong start. */
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

const head = `
import type { DurableClient, OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { activity } from "../../src/activities/host.ts";
import { prepareNamespace } from "../../src/activities/namespace.ts";
import { start } from "../../src/durable/orchestration.ts";
import { all, type Durable } from "../../src/durable/step.ts";
import { onboardNamespace } from "../../src/orchestrations/onboardNamespace.ts";
declare const context: OrchestrationContext;
declare const client: DurableClient;
declare const input: Parameters<typeof prepareNamespace>[0];
declare const work: Parameters<typeof start>[2];
`;

const cases: [what: string, code: string, error: RegExp | undefined][] = [
  [
    "a right call",
    "function* f(): Durable<string> { return (yield* prepareNamespace(input))[0].clientId; }",
    undefined,
  ],
  [
    "right results of all",
    "function* f(): Durable<string> { const [[a]] = yield* all(context, [prepareNamespace(input)]); return a.clientId; }",
    undefined,
  ],
  ["a missing field", `prepareNamespace({ operation: "x" });`, /missing the following properties/],
  ["a misspelt field's value", `prepareNamespace({ ...input, adoptionPolicy: "Sometimes" });`, /not assignable/],
  [
    "a result of another type",
    "function* f(): Durable<number> { return (yield* prepareNamespace(input))[0].clientId; }",
    /'string' is not assignable to type 'number'/,
  ],
  [
    "a field that the result does not have",
    "function* f(): Durable<unknown> { return (yield* prepareNamespace(input))[0].secret; }",
    /'secret' does not exist/,
  ],
  [
    "an activity whose input is a bare boolean",
    `activity({ name: "x", input: z.boolean(), output: z.string(), run: async () => "" });`,
    /boolean.* is not assignable to .*object/,
  ],
  [
    "a start by name",
    `start(client, "onboardNamspace", { instanceId: "x", input: {} });`,
    /not assignable to parameter/,
  ],
  [
    "a start with a wrong input",
    `start(client, onboardNamespace, { instanceId: "x", input: { request: 1 } });`,
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
