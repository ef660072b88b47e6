/**
 * A real PostgreSQL with nothing in it, in processes of its own, on a socket in a folder that only its account can open: whoever
 * gets there is let in as anyone. It ends with this process, even if that is killed.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { account, type Programs, preparePrograms } from "./program.ts";

export interface RealServer {
  /** For `net.connect`. */
  readonly socketPath: string;
  /** A connection as the superuser, which in Azure is the platform's. */
  connect(database: string): Promise<Client>;
  close(): Promise<void>;
}

const superuser = "azuresu";

export async function startRealServer(): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-postgres-"));
  const { uid, gid } = account();
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid);
  let child: ChildProcess | undefined;
  const close = async () => {
    if (child) await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const programs = await preparePrograms(folder);
    const data = join(folder, "data");
    await createData(programs, data);
    child = spawnServer(programs, { data, folder });
    const connect = async (database: string) => {
      const client = new Client({ host: folder, port, user: superuser, database });
      // A server that is told to stop ends its connections, too.
      client.on("error", () => undefined);
      await client.connect();
      return client;
    };
    await untilReady(child, connect);
    return { socketPath: join(folder, `.s.PGSQL.${port}`), connect, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Names the socket; nothing listens on it. */
const port = 5432;

async function createData({ initdb, environment }: Programs, data: string): Promise<void> {
  const choices = ["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--auth=trust"];
  await promisify(execFile)(initdb, [`--pgdata=${data}`, `--username=${superuser}`, ...choices], {
    ...account(),
    cwd: "/",
    env: environment,
  });
}

/** Reads from a pipe that closes when this process ends, whatever ends it; then nobody else removes the folder. */
const endWithParent = `
  folder=$1; shift
  { read -r _ <&3; kill -QUIT $$; sleep 2; rm -rf "$folder"; } >/dev/null 2>&1 &
  exec "$@" 3<&-
`;

function spawnServer(
  { postgres, environment }: Programs,
  { data, folder }: { data: string; folder: string },
): ChildProcess {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: folder,
    unix_socket_permissions: "0700",
    // The sandbox's world lives in memory. Nothing of this has to outlive a power failure.
    fsync: "off",
    full_page_writes: "off",
    synchronous_commit: "off",
    wal_level: "minimal",
    max_wal_senders: "0",
    shared_buffers: "16MB",
    autovacuum: "off",
    jit: "off",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn("/bin/sh", ["-c", endWithParent, "sh", folder, postgres, "-D", data, ...options], {
    ...account(),
    cwd: "/",
    env: environment,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
}

async function untilReady(child: ChildProcess, connect: (database: string) => Promise<Client>): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4_000);
  });
  for (;;) {
    if (hasEnded(child)) throw new Error(`PostgreSQL ended before it was ready: ${said.trim()}`);
    const client = await connect("postgres").catch(() => undefined);
    if (client) return await client.end();
    await sleep(20);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) {
    // Without a last checkpoint: nothing has to be saved.
    child.kill("SIGQUIT");
    await once(child, "exit");
  }
  for (const stream of child.stdio) stream?.destroy();
}
