import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ConfigurationError } from "./configurationError.ts";
import { hostJsonSettings, type Reviewed, review } from "./knownSettings.ts";
import { type LevelFilter, type LogLevel, levels } from "./log.ts";
import { checkContents, readJson, type Settings } from "./settings.ts";
import { parseTimeSpan } from "./timeSpan.ts";

/** Names are case-insensitive in .NET's configuration, and so are the levels' values. */
const levelSchema = v.pipe(v.string(), v.toLowerCase(), v.picklist([...levels, "none"]));

const timeSpanSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset: { value: text }, addIssue, NEVER }) => {
    const milliseconds = parseTimeSpan(text);
    if (milliseconds !== undefined) return milliseconds;
    addIssue({ message: `"${text}" is not a time span; write it as hh:mm:ss or d.hh:mm:ss` });
    return NEVER;
  }),
);

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** -1 means no limit. */
const requestLimit = v.pipe(
  v.optional(v.union([v.literal(-1), count]), -1),
  v.transform((limit) => (limit === -1 ? Number.POSITIVE_INFINITY : limit)),
);

const schema = v.looseObject({
  version: v.literal("2.0", 'must be "2.0"'),
  functions: v.optional(
    v.pipe(
      v.array(v.string()),
      v.maxLength(0, "this host runs all functions; leave one out with the setting AzureWebJobs.<name>.Disabled"),
    ),
    [],
  ),
  logging: v.optional(v.looseObject({ logLevel: v.optional(v.record(v.string(), levelSchema), {}) }), {}),
  /** Whether the host may run less at a time than the limits allow, as it sees fit. */
  concurrency: v.optional(v.looseObject({ dynamicConcurrencyEnabled: v.optional(v.boolean(), false) }), {}),
  extensions: v.optional(
    v.looseObject({
      http: v.optional(
        v.looseObject({
          routePrefix: v.optional(v.string(), "api"),
          maxConcurrentRequests: requestLimit,
          maxOutstandingRequests: requestLimit,
        }),
        {},
      ),
      serviceBus: v.optional(
        v.looseObject({
          autoCompleteMessages: v.optional(v.boolean(), true),
          maxConcurrentCalls: v.optional(count, 16),
          maxAutoLockRenewalDuration: v.optional(timeSpanSchema, "00:05:00"),
        }),
        {},
      ),
      durableTask: v.optional(v.record(v.string(), v.unknown()), {}),
    }),
    {},
  ),
});

export type HostJson = v.InferOutput<typeof schema>;

export async function readHostJson(
  folder: string,
  environment: Settings,
): Promise<{ readonly hostJson: HostJson; readonly reviewed: Reviewed }> {
  const path = join(folder, "host.json");
  if (!existsSync(path)) throw new ConfigurationError(`${path} is missing; is ${folder} the folder of a function app?`);
  const json = readJson(path, await readFile(path, "utf8"));
  const reviewed = review(withOverrides(json, environment), hostJsonSettings);
  return { hostJson: checkContents(path, reviewed.json, schema), reviewed };
}

/** Settings such as AzureFunctionsJobHost__extensions__http__routePrefix override the file. */
function withOverrides(json: unknown, environment: Settings): unknown {
  let changed = json;
  for (const [name, value] of Object.entries(environment)) {
    const place = /^AzureFunctionsJobHost(?:__|:)(.+)$/i.exec(name)?.[1]?.split(/__|:/);
    if (place !== undefined && value !== undefined) changed = withValue(changed, place, value);
  }
  return changed;
}

function withValue(json: unknown, [name = "", ...rest]: readonly string[], value: string): unknown {
  const before = new Map(typeof json === "object" && json !== null ? Object.entries(json) : []);
  const key = [...before.keys()].find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
  before.set(key, rest.length === 0 ? readScalar(value) : withValue(before.get(key), rest, value));
  return Object.fromEntries(before);
}

/** A setting is text; .NET's configuration converts it to the option's type. */
function readScalar(value: string): string | number | boolean {
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

/** MOORING_LOG_LEVEL overrides host.json, because a person sets it to investigate something. */
export function toLevelFilter(hostJson: HostJson, override: string | undefined): LevelFilter {
  const filter: Record<string, LogLevel | "none"> = { ...hostJson.logging.logLevel };
  for (const [name, level] of Object.entries(filter)) if (name.toLowerCase() === "default") filter["default"] = level;
  if (override === undefined || override === "") return filter;
  const parsed = v.safeParse(levelSchema, override);
  if (parsed.success) return { default: parsed.output };
  throw new ConfigurationError(`MOORING_LOG_LEVEL is "${override}"; use one of ${[...levels, "none"].join(", ")}`);
}
