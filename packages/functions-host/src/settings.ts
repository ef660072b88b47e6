/** App settings: the environment, which overrides the `Values` of local.settings.json, as in Core Tools. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ConfigurationError } from "./configurationError.ts";
import { localSettings, type Reviewed, review } from "./knownSettings.ts";
import { messageOf } from "./messageOf.ts";

export type Settings = Readonly<Record<string, string | undefined>>;

const localSettingsSchema = v.looseObject({
  IsEncrypted: v.optional(v.literal(false, "encrypted settings cannot be read; run `func settings decrypt`"), false),
  Values: v.optional(v.record(v.string(), v.string()), {}),
});

export async function readSettings(
  folder: string,
  environment: Settings,
): Promise<{ readonly settings: Settings; readonly reviewed: Reviewed }> {
  const path = join(folder, "local.settings.json");
  if (!existsSync(path)) return { settings: environment, reviewed: { idle: [], unknown: [] } };
  const reviewed = review(readJson(path, await readFile(path, "utf8")), localSettings);
  const { Values } = checkContents(path, reviewed.json, localSettingsSchema);
  const runtime = Values["FUNCTIONS_WORKER_RUNTIME"] ?? "node";
  if (runtime.toLowerCase() !== "node") {
    throw new ConfigurationError(
      `${path} sets FUNCTIONS_WORKER_RUNTIME to "${runtime}"; this host runs apps for Node only ("node")`,
    );
  }
  return { settings: { ...Values, ...environment }, reviewed };
}

export function readJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`${path} is not valid JSON: ${messageOf(error)}`);
  }
}

/** Reports every problem of the file in one error, each with its location. */
export function checkContents<T>(path: string, json: unknown, schema: v.GenericSchema<unknown, T>): T {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "(whole file)"}: ${issue.message}`);
  throw new ConfigurationError(`${path} cannot be used: ${problems.join("; ")}`);
}

/** Fills in binding expressions: `%NAME%` is a setting, `%%` a percent sign. The error about a missing one names `where`. */
export function expandSettings(text: string, { settings, where }: { settings: Settings; where: string }): string {
  return text.replace(/%([^%]*)%/g, (_, name: string) => {
    if (name === "") return "%";
    const value = findSetting(settings, name);
    if (value !== undefined) return value;
    throw new ConfigurationError(
      `${where} asks for the setting "${name}", which does not exist; set it in the environment or in local.settings.json`,
    );
  });
}

/** A name with `:` may be written with `__`, which every shell allows. */
export function findSetting(settings: Settings, name: string): string | undefined {
  return settings[name] ?? settings[name.replaceAll(":", "__")];
}
