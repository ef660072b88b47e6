/**
 * ESLint has one task here: orchestrators are replayed, so they must give the same actions for the same history
 * (learn.microsoft.com "Orchestrator function code constraints"). Everything else is Biome's.
 */
import parser from "@typescript-eslint/parser";

/** What orchestrators call of the steps: the lists of them, and what their inputs are made of. */
const lists = [
  ...["programs", "stages", "undoStages"].map((name) => `src/application/process/${name}.ts`),
  ...["operationFacts", "targetResource"].map((name) => `src/resources/definitions/${name}.ts`),
];

const deterministic = {
  clock: "An orchestrator is replayed: take the time from context.df.currentUtcDateTime.",
  random: "An orchestrator is replayed: take ids from the input or context.df.newGuid.",
  io: "An orchestrator does no input or output: put it into an activity.",
  wait: "An orchestrator waits only with yield* on a durable step or timer.",
  config: "Configuration enters an orchestrator through its input.",
};

const replayed = ["Property[key.name=/^(from|ensure|remove|replace)$/]", "FunctionDeclaration[id.name='from']"];

const replayedParts = replayed.flatMap((part) => [
  { selector: `${part} AwaitExpression`, message: deterministic.wait },
  { selector: `${part} > .value[async=true]`, message: deterministic.wait },
  { selector: `${part}[async=true]`, message: deterministic.wait },
  { selector: `${part} MemberExpression[object.name='Promise']`, message: deterministic.wait },
  { selector: `${part} NewExpression[callee.name='Promise']`, message: deterministic.wait },
  { selector: `${part} Identifier[name=/^(Date|performance)$/]`, message: deterministic.clock },
  { selector: `${part} Identifier[name=/^(crypto|randomUUID)$/]`, message: deterministic.random },
  { selector: `${part} MemberExpression[object.name='Math'][property.name='random']`, message: deterministic.random },
  { selector: `${part} Identifier[name=/^(process|globalThis|fetch|console)$/]`, message: deterministic.io },
  { selector: `${part} Identifier[name='ports']`, message: deterministic.io },
]);

export default [
  {
    files: ["src/orchestrations/**/*.ts", ...lists],
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
            { regex: "/(adapters|functions)/|\\.\\./http/|/(config|main)\\.ts$", message: deterministic.io },
          ],
        },
      ],
    },
  },
  {
    // The parts of a step and of a resource that orchestrators call; beside them is what only activities run.
    files: ["src/resources/**/*.ts", "src/application/process/**/*.ts"],
    languageOptions: { parser, ecmaVersion: 2024, sourceType: "module" },
    rules: { "no-restricted-syntax": ["error", ...replayedParts] },
  },
];
