/** Azurite's table service in a process of its own, over HTTPS, with the token check of its `--oauth basic`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Certificate } from "../tls.ts";

/** One storage account. */
export interface TableService {
  /** With the account in its path, as in the emulator. */
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface TableServer {
  /** The endpoint of an account that nobody has used yet; throws when there are no more. */
  openAccount(): string;
  close(): Promise<void>;
}

/** The emulator's own, and more of the kind. */
const accounts = Array.from({ length: 500 }, (_, at) => `devstoreaccount${at + 1}`);
/** Clients come with tokens; Azurite asks for a key all the same. */
const unusedKey = Buffer.from("unused").toString("base64");

export async function startTableService(tls: Certificate): Promise<TableService> {
  const server = await startTableServer(tls);
  return { endpoint: server.openAccount(), close: server.close };
}

export async function startTableServer(tls: Certificate): Promise<TableServer> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-tables-"));
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  await writeFile(certificate, tls.certificate);
  await writeFile(key, tls.privateKey, { mode: 0o600 });

  const child = spawn(
    process.execPath,
    [
      ...["--import", pathToFileURL(join(import.meta.dirname, "azuritePreload.ts")).href],
      createRequire(import.meta.url).resolve("azurite/dist/src/table/main.js"),
      ...["--tableHost", "127.0.0.1", "--tablePort", "0"],
      ...["--oauth", "basic", "--cert", certificate, "--key", key],
      // The sandbox's world lives in memory; so does its registry.
      ...["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"],
    ],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        AZURITE_ACCOUNTS: accounts.map((account) => `${account}:${unusedKey}`).join(";"),
      },
    },
  );

  let port: number;
  try {
    port = await listeningPort(child);
    child.send("ready");
  } catch (error) {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const unused = accounts.values();
  return {
    openAccount() {
      const { value: account } = unused.next();
      if (account === undefined) throw new Error(`this Azurite has ${accounts.length} accounts, and all are taken`);
      return `https://127.0.0.1:${port}/${account}`;
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        // Nothing has to be saved, and Azurite takes seconds to shut down gracefully.
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What the preload sends as soon as Azurite listens. */
async function listeningPort(child: ChildProcess): Promise<number> {
  let said = "";
  return await new Promise<number>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("message", (port) => resolve(Number(port)));
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`Azurite ended with code ${code} before it was ready: ${said.trim()}`)),
    );
  });
}
