/** The lines of docs/drivers.md for data services, in pods, whose identities Mooring gave their rights: each uses what it logs in to. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drivers } from "../../clients/drivers.ts";
import { names } from "../../local/cloud.ts";
import { createTeamCluster } from "../../local/demo/cluster.ts";
import type { TargetRequest } from "../../src/domain/targets/namedTarget.ts";
import { nodePackages } from "../support/nodePackages.ts";
import { pythonWith } from "../support/python.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const namespace = "drivers";

interface Use {
  readonly target: string;
  readonly access: TargetRequest["access"];
  /** After the lines; prints `moored`. */
  readonly node: string;
  readonly python: string;
  /** What the sandbox needs in the lines, and Azure does not. */
  readonly here?: { readonly [L in "node" | "python"]: readonly [from: string, to: string] };
}

const uses = {
  storageBlob: {
    ...{ target: "uploads", access: ["write"] },
    node: `const container = blobs.getContainerClient(process.env.STORAGE_BLOB_CONTAINER);
await container.uploadBlockBlob("node.txt", "moored", 6);
console.log((await container.getBlobClient("node.txt").downloadToBuffer()).toString());`,
    python: `container = blobs.get_container_client(os.environ["STORAGE_BLOB_CONTAINER"])
container.upload_blob("python.txt", b"moored")
print(container.download_blob("python.txt").readall().decode())`,
  },
  storageQueue: {
    ...{ target: "jobs", access: ["write"] },
    node: `const queue = queues.getQueueClient(process.env.STORAGE_QUEUE_NAME);
await queue.sendMessage("moored");
console.log((await queue.peekMessages()).peekedMessageItems.at(-1).messageText);`,
    python: `queue = queues.get_queue_client(os.environ["STORAGE_QUEUE_NAME"])
queue.send_message("moored")
print(queue.peek_messages()[-1].content)`,
  },
  storageTable: {
    ...{ target: "sessions", access: ["write"] },
    node: `await table.createEntity({ partitionKey: "node", rowKey: "1", said: "moored" });
for await (const { said } of table.listEntities({ queryOptions: { filter: "PartitionKey eq 'node'" } })) console.log(said);`,
    python: `table = tables.get_table_client(os.environ["STORAGE_TABLE_NAME"])
table.create_entity({"PartitionKey": "python", "RowKey": "1", "said": "moored"})
for entity in table.query_entities("PartitionKey eq 'python'"):
    print(entity["said"])`,
  },
  keyVaultSecrets: {
    ...{ target: "secrets", access: ["read"] },
    node: `console.log((await secrets.getSecret("greeting")).value);`,
    python: `print(secrets.get_secret("greeting").value)`,
    // Its vault is not below the domain of the resource for which it asks for tokens.
    here: {
      node: [", credential)", ", credential, { disableChallengeResourceVerification: true })"],
      python: ["credential=credential)", "credential=credential, verify_challenge_resource=False)"],
    },
  },
  cosmosNoSql: {
    ...{ target: "carts", access: ["write"] },
    node: `const { items } = cosmos.database(process.env.COSMOS_DATABASE).container(process.env.COSMOS_CONTAINER);
console.log((await items.create({ id: "node", said: "moored" })).resource.said);`,
    python: `container = cosmos.get_database_client(os.environ["COSMOS_DATABASE"]).get_container_client(os.environ["COSMOS_CONTAINER"])
print(container.create_item({"id": "python", "said": "moored"})["said"])`,
  },
} satisfies Readonly<Record<string, Use>>;
type Kind = keyof typeof uses;
const kinds = Object.keys(uses) as Kind[];

/** The versions that were run; docs/drivers.md names those from which the lines hold. */
const node = nodePackages(
  {
    "@azure/cosmos": "4.10.1",
    "@azure/data-tables": "13.3.2",
    "@azure/identity": "4.14.1",
    "@azure/keyvault-secrets": "4.12.0",
    "@azure/storage-blob": "12.34.0",
    "@azure/storage-queue": "12.32.0",
  },
  "Node's lines of docs/drivers.md for data services",
);
const python = pythonWith(
  "drivers",
  {
    "azure-cosmos": "4.17.1",
    "azure-data-tables": "12.7.0",
    "azure-identity": "1.27.0",
    "azure-keyvault-secrets": "4.12.0",
    "azure-storage-blob": "12.31.1",
    "azure-storage-queue": "12.18.1",
  },
  "Python's lines of docs/drivers.md for data services",
);

let sandbox: SuiteSandbox;
let service: Service;
const folders: string[] = [];

async function write(kind: Kind, language: "node" | "python", folder: string): Promise<readonly string[]> {
  const { here, [language]: use }: Use = uses[kind];
  const [from = "", to = ""] = here?.[language] ?? [];
  const lines = drivers[kind].logins[language].lines.replace(from, to);
  const file = join(folder, `${kind}.${language === "node" ? "mjs" : "py"}`);
  await writeFile(file, `${language === "python" ? trust : ""}${lines}\n${use}\n`);
  return [file];
}

/** The sandbox's authority, which no machine trusts. */
const trust = `import os\nfor name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
    os.environ[name] = os.environ["NODE_EXTRA_CA_CERTS"]\n`;

beforeAll(async () => {
  const images: Record<string, { readonly command: string; readonly args: readonly string[] }> = {};
  for (const [language, command, root] of [
    // Below its packages, or it would not find them.
    ["node", node && process.execPath, node],
    ["python", python, tmpdir()],
  ] as const) {
    if (command === undefined || root === undefined) continue;
    const folder = await mkdtemp(join(root, "lines-"));
    folders.push(folder);
    for (const kind of kinds) {
      images[`${language}-${kind.toLowerCase()}`] = { command, args: await write(kind, language, folder) };
    }
  }
  sandbox = await startSandbox({ images });
  service = serviceOf(sandbox);
  for (const { secrets } of sandbox.cloud.data.vaults.values()) {
    secrets.set("greeting", [{ id: "1", value: "moored", createdTime: new Date() }]);
  }
  const targets = kinds.map((kind) => ({ target: uses[kind].target, access: uses[kind].access }));
  const operation = await service.waitFor(await service.onboard({ cluster: names.cluster, namespace, targets }));
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

describe.runIf(node)("Node.js", () => {
  it.each(kinds)("logs in to %s, and uses it", async (kind) => {
    expect(await run(`node-${kind.toLowerCase()}`)).toEqual({ exitCode: 0, log: "moored\n" });
  });
});

describe.runIf(python)("Python", () => {
  it.each(kinds)("logs in to %s, and uses it", async (kind) => {
    // Warnings come before it: the client for Cosmos DB does not verify the certificate of localhost.
    expect(await run(`python-${kind.toLowerCase()}`)).toEqual({
      ...{ exitCode: 0, log: expect.stringMatching(/(?:^|\n)moored\n$/) },
    });
  });
});
