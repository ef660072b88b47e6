/** The master key, the host's keys and those of single functions: kept as hashes, so that the file gives no access. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { ConfigurationError } from "./configurationError.ts";
import type { Log } from "./log.ts";
import { checkContents, readJson } from "./settings.ts";

const hash = v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "is not the hash of a key"));
/** By name. */
const hashes = v.record(v.string(), hash);
const schema = v.object({
  /** So that the same key on two hosts has different hashes. */
  salt: v.pipe(v.string(), v.nonEmpty()),
  master: v.nullable(hash),
  host: hashes,
  /** By the function's name in lower case. */
  functions: v.record(v.string(), hashes),
});
type Contents = v.InferOutput<typeof schema>;

/** Keys for every function, or for the one that is named. */
export type KeyScope = { readonly function: string | undefined };

export interface KeptKeys {
  isMaster(given: string): boolean;
  /** Whether it is a key of the function, or one of the host's. */
  opens(functionName: string, given: string): boolean;
  names(scope: KeyScope): string[];
  /** Stores a key under a name, and generates one when none is given. */
  set(scope: KeyScope, name: string, given?: string): Promise<{ readonly isNew: boolean; readonly value: string }>;
  /** False when there is no such key. */
  remove(scope: KeyScope, name: string): Promise<boolean>;
  setMaster(given?: string): Promise<string>;
}

/** Keys generated at the first start can be shown only then; `hasMaster` says that a master key is configured elsewhere. */
export async function openKeptKeys(
  dataDirectory: string,
  { hasMaster, log }: { hasMaster: boolean; log: Log },
): Promise<KeptKeys> {
  const path = join(dataDirectory, "keys.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new ConfigurationError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  const contents: Contents =
    text === undefined
      ? { salt: newKey(), master: null, host: {}, functions: {} }
      : checkContents(path, readJson(path, text), schema);
  const keys = keep(path, contents);
  const made: Record<string, string> = {};
  if (text === undefined) made["host"] = (await keys.set({ function: undefined }, "default")).value;
  if (contents.master === null && !hasMaster) made["master"] = await keys.setMaster();
  if (Object.keys(made).length > 0) log.warn("keys were made; write them down, they are not shown again", made);
  return keys;
}

function keep(path: string, contents: Contents): KeptKeys {
  let writing = Promise.resolve();

  const hashOf = (key: string) => createHmac("sha256", contents.salt).update(key).digest("base64url");
  const isKeyOf = (given: string, kept: string | null) =>
    kept !== null && timingSafeEqual(Buffer.from(hashOf(given)), Buffer.from(kept));
  const keysOf = (scope: KeyScope): Record<string, string> => {
    if (scope.function === undefined) return contents.host;
    const name = scope.function.toLowerCase();
    return Object.hasOwn(contents.functions, name) ? (contents.functions[name] ?? {}) : {};
  };

  /** One write after the other, each renamed into place: a crash leaves either the old keys or the new ones. */
  async function save(): Promise<void> {
    writing = writing
      .catch(() => {})
      .then(async () => {
        await writeFile(`${path}.new`, JSON.stringify(contents, undefined, 2), { mode: 0o600 });
        await rename(`${path}.new`, path);
      });
    await writing;
  }

  return {
    isMaster: (given) => isKeyOf(given, contents.master),
    opens: (functionName, given) =>
      [contents.host, keysOf({ function: functionName })].some((keys) =>
        Object.values(keys).some((kept) => isKeyOf(given, kept)),
      ),
    names: (scope) => Object.keys(keysOf(scope)),
    async set(scope, name, value = newKey()) {
      const keys = keysOf(scope);
      const isNew = !Object.hasOwn(keys, name);
      const changed = { ...keys, [name]: hashOf(value) };
      if (scope.function === undefined) contents.host = changed;
      else contents.functions[scope.function.toLowerCase()] = changed;
      await save();
      return { isNew, value };
    },
    async remove(scope, name) {
      const keys = keysOf(scope);
      if (!Object.hasOwn(keys, name)) return false;
      delete keys[name];
      await save();
      return true;
    },
    async setMaster(value = newKey()) {
      contents.master = hashOf(value);
      await save();
      return value;
    },
  };
}

function newKey(): string {
  return randomBytes(32).toString("base64url");
}
