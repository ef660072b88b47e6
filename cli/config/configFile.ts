/**
 * The file of contexts: named services and their addresses. It holds no secrets: a key or token comes from the environment or a
 * flag, and an audience only names what a token is requested for.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Document } from "yaml";
import { isRecord } from "../../src/domain/request/objectForm.ts";
import { NotPossible, UsageError } from "../failures.ts";
import type { Context, Environment } from "../service/server.ts";
import { whyUnreadable, whyUnwritable } from "../unreadable.ts";

export interface Config {
  readonly path: string;
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
}

/** MOORING_CONFIG, or else the platform's usual place for configuration (XDG Base Directory). */
function configPath(env: Environment): string {
  const folder = env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config");
  return env["MOORING_CONFIG"] || join(folder, "mooring", "config.yaml");
}

export async function readConfig(env: Environment): Promise<Config> {
  const path = configPath(env);
  const text = await readText(path);
  if (text === undefined) return { path, current: undefined, contexts: new Map() };
  const document = await parse(path, text);
  return check(path, document.toJS());
}

/** Changes the file and keeps everything else in it, including comments. */
export async function changeConfig(env: Environment, change: (document: Document) => void): Promise<void> {
  const path = configPath(env);
  const document = await parse(path, (await readText(path)) ?? "");
  change(document);
  check(path, document.toJS());
  // Written elsewhere and renamed, so that no reader ever sees half a file.
  const draft = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(draft, document.toString(), { mode: 0o600 });
    await rename(draft, path);
  } catch (cause) {
    throw new NotPossible(`${path} ${whyUnwritable(cause)}.`, {
      next: ["Name another file with MOORING_CONFIG."],
      cause,
    });
  }
}

/** The context that the flag, or else the environment or the file, names; undefined if none does. */
export async function findContext(
  { context: wanted }: { readonly context?: string | undefined },
  env: Environment,
): Promise<Context | undefined> {
  const { path, current, contexts } = await readConfig(env);
  const name = wanted ?? (env["MOORING_CONTEXT"] || current);
  if (name === undefined) return undefined;
  const context = contexts.get(name);
  if (context) return context;
  throw unknownContext(name, { path, contexts });
}

export function unknownContext(name: string, { path, contexts }: Pick<Config, "path" | "contexts">): UsageError {
  const known = contexts.size === 0 ? "it has none" : `it has ${[...contexts.keys()].join(", ")}`;
  return new UsageError(`${path} has no context "${name}": ${known}.`, {
    next: [`mooring config set-context ${name} --server <url>`],
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new UsageError(`${path} ${whyUnreadable(error)}.`, { cause: error });
  }
}

async function parse(path: string, text: string): Promise<Document> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new UsageError(`${path} is not YAML: ${error.message.split("\n")[0]}`);
  return document;
}

function check(path: string, value: unknown): Config {
  const wrong = (what: string) => new UsageError(`${path}: ${what}`, { next: ["docs/cli.md shows such a file."] });
  const known = (record: Record<string, unknown>, names: readonly string[], where: string) => {
    const other = Object.keys(record).find((name) => !names.includes(name));
    if (other === "key" || other === "token")
      throw wrong(`${where} holds a ${other}. No secret belongs in it: MOORING_KEY, MOORING_TOKEN or an audience.`);
    if (other !== undefined) throw wrong(`${where} has "${other}"; it takes ${names.join(", ")}.`);
  };
  if (value === null || value === undefined) return { path, current: undefined, contexts: new Map() };
  if (!isRecord(value)) throw wrong("it should have contexts and current-context.");
  known(value, ["current-context", "contexts"], "the file");
  const { contexts: given = {}, "current-context": current } = value;
  if (current !== undefined && typeof current !== "string") throw wrong("current-context is no name.");
  if (!isRecord(given)) throw wrong("contexts is no map of names.");
  const contexts = Object.entries(given).map(([name, context]) => {
    if (!isRecord(context)) throw wrong(`context ${name} has no server.`);
    known(context, ["server", "audience"], `context ${name}`);
    const { server, audience } = context;
    if (typeof server !== "string") throw wrong(`context ${name} has no server.`);
    if (audience !== undefined && typeof audience !== "string") throw wrong(`context ${name}: audience is no text.`);
    return [name, { server, audience }] as const;
  });
  return { path, current, contexts: new Map(contexts) };
}
