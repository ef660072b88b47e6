/** Reads the catalog that a sandbox will simulate, with the checks of `mooring catalog check`. Ends the program when it is invalid. */
import { readFile } from "node:fs/promises";
import { type CatalogProblem, readCatalog } from "../src/domain/catalog/readCatalog.ts";

export async function readCatalogFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? whys[String(error.code)] : undefined;
    return refuse([`${file} cannot be read: ${why ?? String(error)}.`]);
  }
  const read = readCatalog(text);
  const problems = "problems" in read ? read.problems : findUnplayable(read.catalog);
  if (problems.length === 0) return text;
  return refuse(
    problems.flatMap(({ line, setting, detail, next }) => [
      `${file}${line === undefined ? "" : `:${line}`}  ${setting || "the file"}`,
      `    wrong  ${detail}`,
      `    next   ${next}`,
    ]),
  );
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  EACCES: "you may not read it",
};

/** A service may run without these, but a sandbox would have nothing to simulate. */
function findUnplayable(catalog: { readonly clusters: object; readonly sqlServers: object }): CatalogProblem[] {
  return (["clusters", "sqlServers"] as const)
    .filter((setting) => Object.keys(catalog[setting]).length === 0)
    .map((setting) => ({ setting, detail: "is empty", next: "A sandbox needs at least one; add it." }));
}

function refuse(lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  process.exit(1);
}
