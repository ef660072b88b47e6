/** `npm start -w packages/azure-sim`: one of each service, until Ctrl-C. Prints the environment of a program that uses them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startAzure } from "./index.ts";

const usage = `usage: node tools/run.mjs packages/azure-sim/main.ts [--postgres]

  --postgres  also a PostgreSQL server, which takes a second to start
`;

const { postgres } = readArguments();
const azure = await startAzure({ postgres });
const folder = await mkdtemp(join(tmpdir(), "azure-sim-"));
const certificate = join(folder, "ca.pem");
await writeFile(certificate, azure.tls.certificate);
for (const [name, value] of Object.entries({ ...azure.environment, NODE_EXTRA_CA_CERTS: certificate }))
  process.stdout.write(`${name}=${value}\n`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());

async function end(): Promise<void> {
  await azure.close();
  await rm(folder, { recursive: true });
  process.exit(0);
}

function readArguments(): { readonly postgres: boolean } {
  try {
    return parseArgs({ options: { postgres: { type: "boolean", default: false } } }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(64);
  }
}
