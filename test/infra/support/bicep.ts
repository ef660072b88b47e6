/** The Bicep compiler: from the PATH, or from NuGet on a machine with a .NET SDK. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";
import { findOnPath, isExecutable, run } from "./run.ts";

const version = "0.49.2";

/** Platforms in NuGet's package names: Azure.Bicep.CommandLine.<platform>. */
const platforms: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-x64": "osx-x64",
  "darwin-arm64": "osx-arm64",
  "win32-x64": "win-x64",
};

/** Returns undefined when there is neither a compiler nor a .NET SDK to get one with. */
export async function findBicep(): Promise<string | undefined> {
  const platform = platforms[`${process.platform}-${process.arch}`];
  const [installed, dotnet] = await Promise.all([findOnPath("bicep"), findOnPath("dotnet")]);
  if (installed !== undefined) return installed;
  return dotnet === undefined || platform === undefined ? undefined : await restore(dotnet, platform);
}

async function restore(dotnet: string, platform: string): Promise<string> {
  const folder = await cacheFolder(`bicep-${version}`);
  const name = `Azure.Bicep.CommandLine.${platform}`;
  const tool = join(folder, name.toLowerCase(), version, "tools", process.platform === "win32" ? "bicep.exe" : "bicep");
  if (await isExecutable(tool)) return tool;

  const project = join(folder, "bicep.csproj");
  await writeFile(
    project,
    `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net$(BundledNETCoreAppTargetFrameworkVersion)</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="${name}" Version="[${version}]" /></ItemGroup>
</Project>
`,
  );
  const { exitCode, output } = await run(dotnet, ["restore", project, "--packages", folder]);
  if (exitCode !== 0) throw new Error(`NuGet did not give ${name} ${version}:\n${output}`);
  // NuGet packages do not keep file modes.
  await chmod(tool, 0o755);
  return tool;
}
