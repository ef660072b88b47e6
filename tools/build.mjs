/** `npm run build`: bundles the function app into dist/main.cjs, and checks the catalog that would be deployed with it. */
import { dirname, join } from "node:path";
import { buildApp } from "../sandbox/build.ts";
import { loadCatalog } from "../src/catalog.ts";

loadCatalog(join(dirname(import.meta.dirname), "mooring.yaml"));
await buildApp();
