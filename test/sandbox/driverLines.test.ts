/**
 * The lines of docs/drivers.md in pods whose identities Mooring gave their rights: each uses what it logs in to. The programs' packages are
 * nobody else's, so they are outside the checkout, and where they cannot be had the report says so.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasPostgres } from "azure-sim/testing/postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drivers } from "../../clients/drivers.ts";
import { names } from "../../sandbox/cloud.ts";
import { createTeamCluster } from "../../sandbox/demo/cluster.ts";
import { goPrograms } from "../support/goPrograms.ts";
import { javaPrograms } from "../support/javaPrograms.ts";
import { nodePackages } from "../support/nodePackages.ts";
import { pythonWith } from "../support/python.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import {
  goModules,
  goProgramOf,
  javaClassOf,
  javaCommandOf,
  javaPackages,
  linesOf,
  type Program,
  programsIn,
  targets,
} from "./support/driverUses.ts";

const namespace = "drivers";
const postgres = hasPostgres("the lines of docs/drivers.md for PostgreSQL");
const programs = {
  node: programsIn("node"),
  python: programsIn("python"),
  java: programsIn("java"),
  go: programsIn("go"),
};

/** The versions that run; docs/drivers.md names those from which the lines hold. */
const node = nodePackages(
  {
    "@azure/app-configuration": "1.13.0",
    "@azure/cosmos": "4.10.1",
    "@azure/data-tables": "13.3.2",
    "@azure/event-hubs": "6.0.4",
    "@azure/identity": "4.14.1",
    "@azure/keyvault-secrets": "4.12.0",
    "@azure/service-bus": "7.9.5",
    "@azure/storage-blob": "12.34.0",
    "@azure/storage-queue": "12.32.0",
    openai: "7.59.0",
  },
  "Node's lines of docs/drivers.md for data services",
);
const python = pythonWith(
  "drivers",
  {
    "azure-appconfiguration": "1.10.0",
    "azure-cosmos": "4.17.1",
    "azure-data-tables": "12.7.0",
    "azure-eventhub": "5.15.1",
    "azure-identity": "1.27.0",
    "azure-keyvault-secrets": "4.12.0",
    "azure-servicebus": "7.15.0",
    "azure-storage-blob": "12.31.1",
    "azure-storage-queue": "12.18.1",
    openai: "3.51.0",
    "psycopg[binary]": "3.3.9",
  },
  "Python's lines of docs/drivers.md for data services",
);
const java = javaPrograms(
  {
    packages: javaPackages,
    sources: Object.fromEntries(programs.java.map((program) => [program.kind, javaClassOf(program)])),
  },
  "Java's lines of docs/drivers.md",
);
const go = goPrograms(
  {
    modules: goModules,
    sources: Object.fromEntries(programs.go.map((program) => [program.name, goProgramOf(program)])),
  },
  "Go's lines of docs/drivers.md",
);

let sandbox: SuiteSandbox;
let service: Service;
const folders: string[] = [];

type Image = { readonly command: string; readonly args: readonly string[] };

async function writeScripts(
  command: string,
  root: string,
  scripts: readonly Program[],
): Promise<Record<string, Image>> {
  const folder = await mkdtemp(join(root, "lines-"));
  folders.push(folder);
  const images: Record<string, Image> = {};
  for (const program of scripts) {
    const file = join(folder, program.name.startsWith("node") ? `${program.name}.mjs` : `${program.name}.py`);
    await writeFile(file, linesOf(program));
    images[program.name] = { command, args: [file] };
  }
  return images;
}

beforeAll(async () => {
  const images: Record<string, Image> = {
    // Below its packages, or it would not find them.
    ...(node ? await writeScripts(process.execPath, node, programs.node) : {}),
    ...(python ? await writeScripts(python, tmpdir(), programs.python) : {}),
  };
  if (java) {
    const folder = await mkdtemp(join(tmpdir(), "trust-"));
    folders.push(folder);
    for (const program of programs.java)
      images[program.name] = { command: "sh", args: javaCommandOf(program, { classPath: java, folder }) };
  }
  for (const { name } of go ? programs.go : []) images[name] = { command: join(go ?? "", name), args: [] };
  sandbox = await startSandbox({
    because: "its images are the programs",
    images,
    postgres,
  });
  service = serviceOf(sandbox);
  for (const { secrets } of sandbox.cloud.data.vaults.values()) {
    secrets.set("greeting", [{ id: "1", value: "moored", createdTime: new Date() }]);
  }
  for (const { keyValues } of sandbox.cloud.data.configurationStores.values())
    keyValues.set({ key: "greeting", value: "moored" });
  const request = {
    ...{ cluster: names.cluster, namespace, targets: targets(postgres) },
    databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
  };
  const operation = await service.waitFor(await service.onboard(request));
  expect(operation.status, JSON.stringify(operation.error)).toBe("Succeeded");
});
afterAll(async () => {
  await sandbox?.close();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

async function run(image: string) {
  const { exitCode, log } = await createTeamCluster(sandbox.cloud.kubernetes.kubeconfig()).run({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: image, namespace, labels: { "azure.workload.identity/use": "true" } },
    spec: {
      serviceAccountName: "app",
      restartPolicy: "Never",
      containers: [
        {
          ...{ name: "login", image, terminationMessagePolicy: "FallbackToLogsOnError" },
          envFrom: [{ configMapRef: { name: "mooring-databases" } }],
        },
      ],
    },
  });
  return { exitCode, log };
}

const found = { node, python, java, go };
describe.each(["node", "python", "java", "go"] as const)("%s", (language) => {
  const here = programs[language].filter(({ kind }) => kind !== "postgresql" || postgres);

  it.runIf(found[language]).each(here)("logs in to $kind, and uses it", async ({ kind, name }) => {
    expect(drivers[kind].logins[language].tried).toBe("where installed");
    // Python's client for Cosmos DB does not verify the certificate of localhost, and warns of it from another thread, too.
    expect(await run(name)).toEqual({ exitCode: 0, log: expect.stringMatching(/(?:^|\n)moored\n/) });
  });
});
