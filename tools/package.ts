/** `npm run package -- --backend scheduler|storage`: dist/package/mooring.zip for Flex Consumption, with its SBOM and provenance. */

import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildApp } from "../sandbox/build.ts";
import { messageOf } from "../src/domain/messageOf.ts";
import { checkCatalog, listContents, zip } from "./package/createPackage.ts";
import { sha256, writeBom, writeProvenance } from "./package/evidence.ts";
import { Backend } from "./package/hostJson.ts";

const usage = `usage: npm run package -- [--backend scheduler|storage] [--catalog <file>] [--out <folder>]

  --backend  where durable state is kept: scheduler (default) or storage; the same as the template's parameter
  --catalog  the catalog to deploy (default mooring.yaml)
  --out      where mooring.zip goes (default dist/package)
`;

const { backend, catalog, out } = readArguments();
try {
  checkCatalog(catalog);
} catch (error) {
  console.error(messageOf(error));
  process.exit(78);
}
const bundled = await buildApp();
const packaged = zip(await listContents({ backend, catalog }));
await mkdir(out, { recursive: true });
const file = join(out, "mooring.zip");
await writeFile(file, packaged);
await writeFile(join(out, "mooring.cdx.json"), writeBom(bundled));
await writeFile(
  join(out, "mooring.provenance.json"),
  writeProvenance({ file: "mooring.zip", zip: packaged, backend, catalog }),
);
console.log(`${relative(".", file)}: for ${backend}, ${Math.ceil(packaged.length / 1024)} KB
  sha256 ${sha256(packaged)}
  SBOM in mooring.cdx.json, provenance in mooring.provenance.json`);

function readArguments(): { backend: Backend; catalog: string; out: string } {
  try {
    const { values } = parseArgs({
      options: {
        backend: { type: "string", default: "scheduler" },
        catalog: { type: "string", default: "mooring.yaml" },
        out: { type: "string", default: "dist/package" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(usage.trimEnd());
      process.exit(0);
    }
    const chosen = Backend.safeParse(values.backend);
    if (!chosen.success) throw new Error(`--backend is "${values.backend}"; it takes ${Backend.options.join(" or ")}`);
    return { backend: chosen.data, catalog: resolve(values.catalog), out: resolve(values.out) };
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    return process.exit(64);
  }
}
