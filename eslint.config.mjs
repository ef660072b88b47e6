/**
 * ESLint has one task here: orchestrators are replayed, so they must give the same actions for the same history
 * (learn.microsoft.com "Orchestrator function code constraints"). Everything else is Biome's.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import parser from "@typescript-eslint/parser";

/** What orchestrators import of src/resources: of each resource the file that has its name (test/importRules.test.ts). */
const pureRooms = [
  ...["index", "plannedSteps", "undoStages", "timedStep"].map((name) => `src/resources/${name}.ts`),
  ...["resource", "targetResource", "namespacedObject"].map((name) => `src/resources/definitions/${name}.ts`),
  "src/resources/namespacedObjects/*.ts",
  ...readdirSync(join(import.meta.dirname, "src/resources"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/resources/${name}/${name}.ts`),
];

const deterministic = {
  clock: "An orchestrator is replayed: take the time from context.df.currentUtcDateTime.",
  random: "An orchestrator is replayed: take ids from the input or context.df.newGuid.",
  io: "An orchestrator does no input or output: put it into an activity.",
  wait: "An orchestrator waits only with yield* on a durable step or timer.",
  config: "Configuration enters an orchestrator through its input.",
};

export default [
  {
    files: ["src/orchestrations/**/*.ts", ...pureRooms],
    languageOptions: { parser, ecmaVersion: 2024, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "Date", message: deterministic.clock },
        { name: "performance", message: deterministic.clock },
        { name: "crypto", message: deterministic.random },
        { name: "fetch", message: deterministic.io },
        { name: "console", message: deterministic.io },
        { name: "process", message: deterministic.config },
        { name: "setTimeout", message: deterministic.wait },
        { name: "setInterval", message: deterministic.wait },
        { name: "setImmediate", message: deterministic.wait },
        { name: "queueMicrotask", message: deterministic.wait },
        { name: "globalThis", message: deterministic.io },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[object.name='Math'][property.name='random']", message: deterministic.random },
        { selector: "AwaitExpression", message: deterministic.wait },
        { selector: "FunctionDeclaration[async=true]", message: deterministic.wait },
        { selector: "FunctionExpression[async=true]", message: deterministic.wait },
        { selector: "ArrowFunctionExpression[async=true]", message: deterministic.wait },
        { selector: "ImportExpression", message: deterministic.io },
        { selector: "NewExpression[callee.name='Promise']", message: deterministic.wait },
        { selector: "MemberExpression[object.name='Promise']", message: deterministic.wait },
      ],
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^node:", message: deterministic.io },
            { regex: "^@azure/|^mssql|^@kubernetes/", message: deterministic.io },
            { regex: "/(adapters|functions)/|/(config|main)\\.ts$", message: deterministic.io },
          ],
        },
      ],
    },
  },
];
