/** Azurite's table service in a process of its own, over HTTPS, with the token check of its `--oauth basic`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileCache } from "./compileCache.ts";
import type { Certificate } from "./simulators/tls.ts";

export interface TableService {
  /** With the account in its path, as in the emulator. */
  readonly endpoint: string;
  close(): Promise<void>;
}

const account = "devstoreaccount1";

export async function startTableService(tls: Certificate): Promise<TableService> {
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
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
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
  return {
    endpoint: `https://127.0.0.1:${port}/${account}`,
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
