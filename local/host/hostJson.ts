import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "./configurationError.ts";
import { hostJsonSettings, type Reviewed, review } from "./knownSettings.ts";
import { type LevelFilter, type LogLevel, levels } from "./log.ts";
import { parseJsonFile, type Settings } from "./settings.ts";
import { parseTimeSpan } from "./timeSpan.ts";

/** Names are case-insensitive in .NET's configuration, and so are the levels' values. */
const levelSchema = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum([...levels, "none"]));

const timeSpanSchema = z.string().transform((text, context) => {
  const milliseconds = parseTimeSpan(text);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue(`"${text}" is not a time span; write it as hh:mm:ss or d.hh:mm:ss`);
  return z.NEVER;
});

/** -1 means no limit. */
const requestLimit = z
  .literal(-1)
  .or(z.int().min(1))
  .default(-1)
  .transform((limit) => (limit === -1 ? Number.POSITIVE_INFINITY : limit));

const schema = z.looseObject({
  version: z.literal("2.0", 'must be "2.0"'),
  /** The only functions to run; when absent or empty, all of them. */
  functions: z.array(z.string()).default([]),
  logging: z.looseObject({ logLevel: z.record(z.string(), levelSchema).default({}) }).prefault({}),
  extensions: z
    .looseObject({
      http: z
        .looseObject({
          routePrefix: z.string().default("api"),
          maxConcurrentRequests: requestLimit,
          maxOutstandingRequests: requestLimit,
        })
        .prefault({}),
      serviceBus: z
        .looseObject({
          autoCompleteMessages: z.boolean().default(true),
          maxConcurrentCalls: z.int().min(1).default(16),
          maxAutoLockRenewalDuration: timeSpanSchema.prefault("00:05:00"),
          maxMessageBatchSize: z.int().min(1).default(1000),
          minMessageBatchSize: z.int().min(1).default(1),
          maxBatchWaitTime: timeSpanSchema.prefault("00:00:30"),
        })
        .refine(({ minMessageBatchSize: least, maxMessageBatchSize: most }) => least <= most, {
          path: ["minMessageBatchSize"],
          error: "must not be more than maxMessageBatchSize",
        })
        .prefault({}),
      durableTask: z.record(z.string(), z.unknown()).default({}),
    })
    .prefault({}),
});

export type HostJson = z.infer<typeof schema>;

export async function readHostJson(
  folder: string,
  environment: Settings,
): Promise<{ readonly hostJson: HostJson; readonly reviewed: Reviewed }> {
  const path = join(folder, "host.json");
  if (!existsSync(path)) throw new ConfigurationError(`${path} is missing; is ${folder} the folder of a function app?`);
  let reviewed: Reviewed = { idle: [], unknown: [] };
  const prepared = z.preprocess((json) => {
    const found = review(withOverrides(json, environment), hostJsonSettings);
    reviewed = found;
    return found.json;
  }, schema);
  return { hostJson: parseJsonFile(path, await readFile(path, "utf8"), prepared), reviewed };
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
  const parsed = levelSchema.safeParse(override);
  if (parsed.success) return { default: parsed.data };
  throw new ConfigurationError(`MOORING_LOG_LEVEL is "${override}"; use one of ${[...levels, "none"].join(", ")}`);
}
