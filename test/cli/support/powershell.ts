/** PowerShell: from the PATH, or from NuGet on a machine with a .NET SDK. */
import { join } from "node:path";
import { cacheFolder } from "../../infra/support/cache.ts";
import { findOnPath, isExecutable, run } from "../../infra/support/run.ts";

const version = "7.6.9";

/** Returns why there is none when there is neither PowerShell nor a .NET SDK that can run it. */
export async function findPowershell(): Promise<{ readonly executable: string } | { readonly reason: string }> {
  const [installed, dotnet] = await Promise.all([findOnPath("pwsh"), findOnPath("dotnet")]);
  if (installed !== undefined) return { executable: installed };
  if (dotnet === undefined) return { reason: "neither pwsh nor dotnet is on the PATH" };
  const folder = await cacheFolder(`powershell-${version}`);
  const executable = join(folder, process.platform === "win32" ? "pwsh.exe" : "pwsh");
  if (await isExecutable(executable)) return { executable };
  const { exitCode, output } = await run(dotnet, [
    "tool",
    "install",
    "PowerShell",
    "--version",
    version,
    "--tool-path",
    folder,
  ]);
  return exitCode === 0 ? { executable } : { reason: `dotnet did not install it: ${output.trim().split("\n").at(-1)}` };
}
