/** The engines to compare with: the newest versions from npm, in a folder outside the project. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const packages = ["@restatedev/restate-server", "@restatedev/restate-sdk", "openworkflow"];

/** Returns the installed versions. */
export async function installPeers(folder: string): Promise<ReadonlyMap<string, string>> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages.map((name) => `${name}@latest`)];
  const npm = spawn("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(npm, "exit");
  if (code !== 0)
    throw new Error(`npm could not install ${packages.join(", ")} in ${folder}; --peers none leaves them out`);
  const versions = packages.map(async (name): Promise<[string, string]> => {
    const file = join(folder, "node_modules", name, "package.json");
    return [name, (JSON.parse(await readFile(file, "utf8")) as { version: string }).version];
  });
  return new Map(await Promise.all(versions));
}
