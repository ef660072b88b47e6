/**
 * A real API server with its etcd and no controllers, if `npm run apiServer` has built one on this machine: RBAC, admission policies
 * and the wire are its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCertificate } from "../../../packages/azure-sim/src/tls.ts";
import { freePort } from "../../../packages/kube-sim/src/freePort.ts";
import { cachePath } from "../../support/cache.ts";

export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token: string;
}

export interface ApiServer {
  request(method: string, path: string, asked: Asked): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** The folder with the newest programs; undefined if none are built. */
export function findApiServer(): string | undefined {
  const cache = cachePath("apiServer");
  if (!existsSync(cache)) return undefined;
  const built = readdirSync(cache).map((name) => join(cache, name));
  const isWhole = (folder: string) => ["etcd", "kube-apiserver"].every((name) => existsSync(join(folder, name)));
  return built.filter(isWhole).toSorted().at(-1);
}

/** `tokens`: the user that each names; the group makes an administrator. */
export async function startRealApiServer(
  programs: string,
  tokens: readonly { readonly token: string; readonly user: string; readonly group?: string }[],
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-policy-"));
  const { certificate, privateKey } = await createCertificate();
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const write = async (name: string, content: string) => {
    const file = join(folder, name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  };
  const lines = tokens.map(({ token, user, group = "" }) => `${token},${user},${user},"${group}"`);
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const [etcdUrl, peerUrl] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
  const running: ChildProcess[] = [];
  const said: string[] = [];
  const start = (name: string, flags: Readonly<Record<string, string>>) => {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = spawn(join(programs, name), args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (chunk) => said.push(String(chunk)));
    running.push(child);
  };
  start("etcd", {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": etcdUrl,
    "advertise-client-urls": etcdUrl,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "unsafe-no-fsync": "true",
    "log-level": "error",
  });
  start("kube-apiserver", {
    "etcd-servers": etcdUrl,
    "bind-address": "127.0.0.1",
    "secure-port": String(port),
    "tls-cert-file": await write("certificate.pem", certificate),
    "tls-private-key-file": await write("key.pem", privateKey),
    "cert-dir": folder,
    "token-auth-file": await write("tokens.csv", `${lines.join("\n")}\n`),
    "authorization-mode": "RBAC",
    // As clusters have it: otherwise the server refuses privileged pods before any policy does.
    "allow-privileged": "true",
    "service-account-issuer": "https://issuer.example/",
    "service-account-signing-key-file": await write("account.key", keys.privateKey),
    "service-account-key-file": await write("account.pub", keys.publicKey),
    "service-cluster-ip-range": "10.0.0.0/16",
    "endpoint-reconciler-type": "none",
  });

  const server: ApiServer = {
    request: (method, path, { body, headers, token }) =>
      new Promise((resolve, reject) => {
        const sent = body === undefined ? undefined : JSON.stringify(body);
        const length = sent === undefined ? {} : { "content-length": String(Buffer.byteLength(sent)) };
        const own = { authorization: `Bearer ${token}`, "content-type": "application/json", ...length };
        const options = { method, ca: certificate, headers: { ...own, ...headers } };
        const asking = httpsRequest(`https://127.0.0.1:${port}${path}`, options, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        });
        asking.on("error", reject);
        asking.end(sent);
      }),
    async close() {
      for (const child of running) {
        if (child.exitCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  const [first] = tokens;
  const deadline = Date.now() + 90_000;
  for (;;) {
    const answer = await server.request("GET", "/readyz", { token: first?.token ?? "" }).catch(() => undefined);
    if (answer?.text === "ok") return server;
    if (Date.now() > deadline || running.some(({ exitCode }) => exitCode !== null)) {
      await server.close();
      throw new Error(`the API server does not start: ${said.join("").slice(-2_000)}`);
    }
    await sleep(200);
  }
}
