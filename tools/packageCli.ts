/** `npm run package:cli`: dist/package/mooring-cli-<version>.tgz, the command line alone. */
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { packageCli } from "./package/packageCli.ts";

const out = join(import.meta.dirname, "../dist/package");
await mkdir(out, { recursive: true });
const { file, bytes } = await packageCli(out);
console.log(`${relative(".", file)}: ${Math.ceil(bytes / 1024)} KB; npm install --global ${relative(".", file)}`);
