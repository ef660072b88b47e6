/** `extensions.durableTask` of host.json, with the defaults of the Durable extension. */
import { availableParallelism } from "node:os";
import { z } from "zod";

/** One of the names, ignoring case, as .NET reads an enumeration. */
function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.preprocess(
    (given) => names.find((name) => name.toLowerCase() === String(given).toLowerCase()) ?? given,
    z.enum(names),
  );
}

const perCore = 10 * availableParallelism();

/** Settings without effect here are accepted, so that one host.json serves both; knownSettings.ts names them. */
export const durableSettings = z.looseObject({
  hubName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,44}$/, "a hub name is a letter, then up to 44 letters, digits or hyphens")
    .default("TestHubName"),
  maxConcurrentActivityFunctions: z.int().positive().default(perCore),
  maxConcurrentOrchestratorFunctions: z.int().positive().default(perCore),
  maxConcurrentEntityFunctions: z.int().positive().default(perCore),
  maxEntityOperationBatchSize: z.int().positive().default(50),
  maxOrchestrationActions: z.int().positive().default(100_000),
  storeInputsInOrchestrationHistory: z.boolean().default(false),
  overridableExistingInstanceStates: oneOf(["NonRunningStates", "AnyState"]).default("NonRunningStates"),
  httpSettings: z
    .looseObject({ defaultAsyncRequestSleepTimeMilliseconds: z.int().positive().default(30_000) })
    .prefault({}),
  defaultVersion: z.string().nullable().default(null),
  versionMatchStrategy: oneOf(["None", "Strict", "CurrentOrOlder"]).default("CurrentOrOlder"),
  versionFailureStrategy: oneOf(["Reject", "Fail"]).default("Reject"),
});

export type DurableSettings = Readonly<z.output<typeof durableSettings>>;

export function parseDurableSettings(section: unknown): DurableSettings {
  const parsed = durableSettings.safeParse(section ?? {});
  if (parsed.success) return parsed.data;
  throw new Error(`host.json: extensions.durableTask is not valid.\n${z.prettifyError(parsed.error)}`);
}
