/** The catalog that a sandbox is to simulate, checked as the service and `mooring catalog check` do. Ends the program when it is bad. */
import { readFile } from "node:fs/promises";
import { type CatalogProblem, readCatalog } from "../src/domain/catalog/readCatalog.ts";

export async function readCatalogFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return refuse([`${file} cannot be read: ${isMissing ? "it is not there" : String(error)}.`]);
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

/** A service may have none of these, but there would be nothing to simulate. */
function findUnplayable(catalog: { readonly clusters: object; readonly sqlServers: object }): CatalogProblem[] {
  return (["clusters", "sqlServers"] as const)
    .filter((setting) => Object.keys(catalog[setting]).length === 0)
    .map((setting) => ({ setting, detail: "is empty", next: "A sandbox needs one at least; add it." }));
}

function refuse(lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  process.exit(1);
}
