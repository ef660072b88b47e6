import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "./configurationError.ts";
import { type LevelFilter, type LogLevel, levels } from "./log.ts";
import { parseJsonFile } from "./settings.ts";
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

/** -1 stands for no limit. */
const requestLimit = z
  .literal(-1)
  .or(z.int().min(1))
  .default(-1)
  .transform((limit) => (limit === -1 ? Number.POSITIVE_INFINITY : limit));

const schema = z.looseObject({
  version: z.literal("2.0", 'must be "2.0"'),
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

export async function readHostJson(folder: string): Promise<HostJson> {
  const path = join(folder, "host.json");
  if (!existsSync(path)) throw new ConfigurationError(`${path} is missing; is ${folder} the folder of a function app?`);
  return parseJsonFile(path, await readFile(path, "utf8"), schema);
}

/** MOORING_LOG_LEVEL is the stronger one: it is what a person sets to look into something. */
export function toLevelFilter(hostJson: HostJson, override: string | undefined): LevelFilter {
  const filter: Record<string, LogLevel | "none"> = { ...hostJson.logging.logLevel };
  for (const [name, level] of Object.entries(filter)) if (name.toLowerCase() === "default") filter["default"] = level;
  if (override === undefined || override === "") return filter;
  const parsed = levelSchema.safeParse(override);
  if (parsed.success) return { default: parsed.data };
  throw new ConfigurationError(`MOORING_LOG_LEVEL is "${override}"; use one of ${[...levels, "none"].join(", ")}`);
}
