/**
 * Generates the reference in docs/catalog.md, and mooring.schema.json, from the catalog's schema:
 * `node tools/run.mjs tools/writeCatalogReference.ts`.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeCatalog, printCatalogSchema, schemaFile } from "./catalogReference.ts";
import { writeReference } from "./reference.ts";

writeReference("catalog.md", describeCatalog());
writeFileSync(join(dirname(import.meta.dirname), schemaFile), printCatalogSchema());
