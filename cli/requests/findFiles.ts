/** The files that -f names: files, folders, patterns that the shell left unexpanded, and - for standard input. */
import type { Dirent } from "node:fs";
import { glob, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { UsageError } from "../failures.ts";
import { whyUnreadable } from "../unreadable.ts";

const extensions = new Set([".json", ".yaml", ".yml"]);
/** Without kustomize, what stands beside these may lack its cluster, its name or a patch. */
const ofKustomize = new Set(["kustomization.yaml", "kustomization.yml"]);

export interface Search {
  /** Includes subfolders. */
  readonly isRecursive: boolean;
  readonly say: (message: string) => void;
  /** The command that reads them, as a suggestion names it. */
  readonly command: string;
}

export async function findFiles(words: readonly string[], search: Search): Promise<readonly string[]> {
  if (words.filter((word) => word === "-").length > 1)
    throw new UsageError("Standard input can be read once: give -f - once.");
  const found: string[] = [];
  for (const word of words) found.push(...(await filesOf(word, search)));
  return found;
}

async function filesOf(word: string, search: Search): Promise<readonly string[]> {
  if (word === "-") return [word];
  const kind = await kindOf(word);
  if (kind === "folder") return await filesIn(word, search);
  // A file's name may contain an asterisk. A missing file or a broken link is reported when it is read.
  if (kind === "file" || !/[*?[{]/.test(word)) return [word];
  const matching: string[] = [];
  for await (const each of glob(word)) matching.push(each);
  if (matching.length === 0) throw new UsageError(`No file matches ${word}.`);
  const files: string[] = [];
  for (const each of matching.toSorted()) if ((await kindOf(each)) !== "folder") files.push(each);
  return files;
}

async function filesIn(folder: string, { isRecursive, command }: Search): Promise<readonly string[]> {
  const entries = await readFolder(folder, isRecursive);
  const files = entries
    .filter((entry) => !entry.isDirectory() && extensions.has(extname(entry.name)))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
  const ofOthers = files.find((name) => ofKustomize.has(basename(name)));
  if (ofOthers !== undefined) {
    const built = dirname(ofOthers);
    throw new UsageError(`${built} has a ${basename(ofOthers)}, which Mooring does not read. Nothing was sent.`, {
      next: [`kustomize build ${built} | mooring ${command} -f -`],
    });
  }
  if (files.length > 0) return files;
  const more = isRecursive ? "" : "; -R reads folders in it, too";
  throw new UsageError(`${folder} holds no file with the extension .json, .yaml or .yml${more}.`);
}

async function readFolder(folder: string, isRecursive: boolean): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { recursive: isRecursive, withFileTypes: true });
  } catch (cause) {
    // With -R it may be a folder below.
    const path = cause instanceof Error && "path" in cause ? String(cause.path) : folder;
    throw new UsageError(`${path} ${whyUnreadable(cause)}.`, { cause });
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return undefined;
  }
}
