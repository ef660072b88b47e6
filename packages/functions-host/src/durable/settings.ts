/** `extensions.durableTask` of host.json, with the defaults of the Durable extension. */
import { availableParallelism } from "node:os";
import * as v from "valibot";

/** One of the names, ignoring case, as .NET reads an enumeration. */
function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return v.pipe(
    v.unknown(),
    v.transform((given) => names.find((name) => name.toLowerCase() === String(given).toLowerCase()) ?? given),
    v.picklist(names),
  );
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const perCore = 10 * availableParallelism();

/** Settings without effect here are accepted, so that one host.json serves both; knownSettings.ts names them. */
const durableSettings = v.looseObject({
  hubName: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z][A-Za-z0-9-]{0,44}$/, "a hub name is a letter, then up to 44 letters, digits or hyphens"),
    ),
    "TestHubName",
  ),
  maxConcurrentActivityFunctions: v.optional(count, perCore),
  maxConcurrentOrchestratorFunctions: v.optional(count, perCore),
  maxOrchestrationActions: v.optional(count, 100_000),
  defaultVersion: v.optional(v.nullable(v.string()), null),
  versionMatchStrategy: v.optional(oneOf(["None", "Strict", "CurrentOrOlder"]), "CurrentOrOlder"),
  versionFailureStrategy: v.optional(oneOf(["Reject", "Fail"]), "Reject"),
});

export type DurableSettings = Readonly<v.InferOutput<typeof durableSettings>>;

export function parseDurableSettings(section: unknown): DurableSettings {
  const parsed = v.safeParse(durableSettings, section ?? {});
  if (parsed.success) return parsed.output;
  throw new Error(`host.json: extensions.durableTask is not valid.\n${v.summarize(parsed.issues)}`);
}
