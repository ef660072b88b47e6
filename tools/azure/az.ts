/** The Azure CLI, which has the caller's login: the only credentials that pass through here are tokens requested from it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs `az` with these arguments and returns its JSON output. Tests replace it. */
export type Az = (...args: readonly string[]) => Promise<unknown>;

export class AzFailed extends Error {
  override readonly name = "AzFailed";
}

export const az: Az = async (...args) => {
  try {
    const { stdout } = await promisify(execFile)("az", [...args, "--output", "json", "--only-show-errors"], {
      maxBuffer: 64 * 1024 * 1024,
      // On Windows, az is a batch file, which only a shell can start.
      shell: process.platform === "win32",
    });
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  } catch (error) {
    throw new AzFailed(describe(args, error), { cause: error });
  }
};

function describe(args: readonly string[], error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "ENOENT")
    return "The Azure CLI is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli";
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
  return `az ${args.slice(0, 3).join(" ")}: ${said}`;
}
