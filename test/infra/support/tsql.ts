/** T-SQL as Microsoft's own parsers read it, if there is a .NET SDK to build the program that calls them. */
import { createHash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "./cache.ts";
import { findOnPath, isExecutable, run } from "./run.ts";

const Reading = z.object({
  parser: z.string(),
  errors: z.array(z.string()),
  statements: z.array(z.string()),
  names: z.array(z.string()),
});
/** The result of one parser. */
export type Reading = z.infer<typeof Reading>;

/** Returns each parser's result for each text. */
export type ParseTsql = (texts: readonly string[]) => Promise<readonly (readonly Reading[])[]>;

const sources = join(dirname(import.meta.dirname), "tsql");

export async function findTsqlParser(): Promise<ParseTsql | undefined> {
  const dotnet = await findOnPath("dotnet");
  if (dotnet === undefined) return undefined;
  const program = await build(dotnet);
  return async (texts) => {
    const { exitCode, output } = await run(dotnet, [program], { input: JSON.stringify(texts) });
    if (exitCode !== 0) throw new Error(`The parser ended with ${exitCode}:\n${output}`);
    return z.array(z.array(Reading)).parse(JSON.parse(output));
  };
}

/** Builds outside the checkout, and only when the sources or the SDK have changed. */
async function build(dotnet: string): Promise<string> {
  const { output: version } = await run(dotnet, ["--version"]);
  const files = ["Program.cs", "tsql.csproj"];
  const hash = createHash("sha256").update(version);
  for (const file of files) hash.update(await readFile(join(sources, file)));
  const folder = await cacheFolder(`tsql-${hash.digest("hex").slice(0, 16)}`);
  const program = join(folder, "out/tsql.dll");
  if (await isExecutable(program.replace(/\.dll$/, process.platform === "win32" ? ".exe" : ""))) return program;

  for (const file of files) await copyFile(join(sources, file), join(folder, file));
  const { exitCode, output } = await run(dotnet, ["build", "-o", "out", "--nologo"], { cwd: folder });
  if (exitCode !== 0) throw new Error(`The T-SQL parser was not built:\n${output}`);
  return program;
}
