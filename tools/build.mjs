/** `npm run build`: bundles the function app into dist/main.cjs. */
import { buildApp } from "../local/build.ts";

await buildApp();
