import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export interface AppFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Creates a small function app on disk, which finds this repository's packages through a link. */
export async function createAppFolder(files: Readonly<Record<string, string | object>>): Promise<AppFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "mooring-app-")));
  await symlink(resolve("node_modules"), join(path, "node_modules"), "dir");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The beginning of every CommonJS app of these tests. */
export const requireApp = `const { app } = require("@azure/functions");\n`;
