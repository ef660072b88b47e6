/** What programs read from files about a simulated cloud. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SqlSimulator } from "../packages/azure-sim/src/sql/index.ts";
import type { Cloud } from "./cloud.ts";

/** `files`: the service's settings that name a file. */
export async function writeCloudFiles(folder: string, { catalog, tls, clusters, sqlServers }: Cloud) {
  const catalogFile = join(folder, "mooring.yaml");
  const authorityFile = join(folder, "sandbox-ca.pem");
  const freetdsFile = join(folder, "freetds.conf");
  const kubeconfigs = Object.fromEntries(
    [...clusters.keys()].map((name) => [name, join(folder, `${name}.kubeconfig`)]),
  );
  await Promise.all([
    writeFile(catalogFile, catalog),
    writeFile(authorityFile, tls.certificate),
    writeFile(freetdsFile, [...sqlServers.values()].map((sql) => printFreetdsEntry(sql, authorityFile)).join("\n")),
    ...[...clusters].map(([name, { kubernetes }]) =>
      writeFile(join(folder, `${name}.kubeconfig`), kubernetes.kubeconfig(), { mode: 0o600 }),
    ),
  ]);
  return {
    kubeconfigs,
    freetdsFile,
    files: {
      MOORING_CATALOG: catalogFile,
      // The production code verifies certificates as always; the machine's trust store has one more authority.
      NODE_EXTRA_CA_CERTS: authorityFile,
    },
  };
}

/** For `tsql -S <server>`: FreeTDS has no option for a certificate authority. */
function printFreetdsEntry({ server, port }: SqlSimulator, authorityFile: string): string {
  const entries = { host: "localhost", port, "tds version": "7.4", encryption: "require", "ca file": authorityFile };
  return [`[${server}]`, ...Object.entries(entries).map(([name, value]) => `${name} = ${value}`), ""].join("\n");
}
