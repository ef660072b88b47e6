/** The only reader of the catalog file. Every problem is listed with its place. */
import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { Catalog } from "./domain/catalog/catalog.ts";

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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length > 0) {
    throw new Error(`${name} is not YAML:\n${document.errors.map(({ message }) => `  ${message}`).join("\n")}`);
  }
  const parsed = Catalog.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const node = document.getIn(path, true);
    const offset = hasRange(node) ? lines.linePos(node.range[0]).line : undefined;
    const place = offset === undefined ? "" : `line ${offset}: `;
    return `  ${place}${path.join(".") || "the document"}: ${message}`;
  });
  throw new Error(`${name} has ${problems.length} problem(s):\n${problems.join("\n")}`);
}

/** Whether everybody may do everything: somebody's explicit choice, and never an entry that was forgotten. */
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

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
