/** An API server for the adapter: a simulated cluster, or one that has only a few answers. */

import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { text } from "node:stream/consumers";
import { startCluster, type TestCluster } from "../../../packages/kube-sim/test/kubernetes/cluster.ts";
import { createKubernetes } from "../../../src/adapters/kubernetes/index.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";

export async function startAdapter() {
  const cluster = await startCluster({ simulator: { terminationMs: 300 } });
  await cluster.createNamespace("team");
  return { cluster, kubernetes: createKubernetes({ credential: credentialFor(cluster.token) }) };
}

/** Tells `asked` which scopes it was asked for. */
export function credentialFor(token: string, asked: string[] = []) {
  return {
    getToken: async (scope: string | string[]) => {
      asked.push(String(scope));
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
}

export const configMap = (data: Record<string, string>, name = "settings", namespace = "team"): KubernetesObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "mooring" } },
  data,
});
export const ref = (name = "settings", namespace = "team") => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name,
  namespace,
});

interface Answer {
  readonly status: number;
  readonly body: object | string;
}

/** Has only these documents, and 404 for everything else. */
export function documents(answers: Readonly<Record<string, object>>): (path: string) => Answer {
  return (path) => {
    const body = answers[new URL(path, "https://cluster").pathname];
    return body ? { status: 200, body } : { status: 404, body: {} };
  };
}

/** An API server that answers just so. */
export async function startServer({ tls, target }: TestCluster, answer: (path: string) => Answer) {
  const requests: { method: string; headers: IncomingHttpHeaders; body: string; socket: object }[] = [];
  const server = createServer({ cert: tls.certificate, key: tls.privateKey }, async (request, response) => {
    const { method = "", url = "", headers, socket } = request;
    requests.push({ method, headers, body: await text(request), socket });
    const { status, body } = answer(url);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { requests, target: { ...target, apiServer: `https://127.0.0.1:${address.port}` }, close };
}

/** What an operation's status would show. */
export async function problemOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PermanentError)
      return { code: error.code, message: error.message, retryAfterSeconds: undefined };
    if (error instanceof TransientError) {
      return { code: error.code, message: error.message, retryAfterSeconds: error.retryAfterSeconds };
    }
    throw error;
  }
  throw new Error("It was expected to fail, and succeeded.");
}
