/** The only reader of the catalog file. Lists every problem with its place. */

import { readFileSync } from "node:fs";
import type { Catalog } from "./domain/catalog/catalog.ts";
import { readCatalog } from "./domain/catalog/readCatalog.ts";
import { count } from "./domain/count.ts";

export function loadCatalog(path: string): Catalog {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`Mooring cannot start: the catalog ${path} cannot be read. Set MOORING_CATALOG to its path.`, {
      cause,
    });
  }
  return parseCatalog(text, path);
}

export function parseCatalog(text: string, name: string): Catalog {
  const read = readCatalog(text);
  if ("catalog" in read) return read.catalog;
  const { isYaml, problems } = read;
  const lines = problems.map(({ line, setting, detail }) => {
    const place = line === undefined ? "" : `line ${line}: `;
    return `  ${place}${isYaml ? `${setting || "the document"}: ` : ""}${detail}`;
  });
  const what = isYaml ? `has ${count(problems.length, "problem")}` : "is not YAML";
  throw new Error(`${name} ${what}:\n${lines.join("\n")}`);
}

/** Whether everybody may do everything. This has to be an explicit choice, never the result of a forgotten entry. */
export function isAnonymous(
  { auth }: Pick<Catalog, "auth">,
  { MOORING_ALLOW_ANONYMOUS: isAllowed }: { readonly MOORING_ALLOW_ANONYMOUS: boolean },
): boolean {
  if (auth && isAllowed) {
    throw new Error(
      "Mooring cannot start: the catalog has auth, and MOORING_ALLOW_ANONYMOUS is true. Remove one of the two.",
    );
  }
  if (!auth && !isAllowed) {
    throw new Error(
      "Mooring cannot start: the catalog has no auth, so everybody could do everything. Add it (docs/callers.md), or set MOORING_ALLOW_ANONYMOUS=true where nobody else can reach the service.",
    );
  }
  return isAllowed;
}
